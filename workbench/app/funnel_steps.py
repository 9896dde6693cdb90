"""The words and shares of the funnel's bars."""

from typing import Any

from workbench.app.plain import counted
from workbench.overview import Funnel


def funnel_steps(funnel: Funnel) -> list[dict[str, Any]]:
    """Return the bars of the funnel: title, count, the parts that a bar is made of, and a note beside it."""
    copies = max(funnel.imported - funnel.unique, 0)
    split = funnel.train + funnel.validation + funnel.test
    sides = f"{funnel.train:,} train, {funnel.validation:,} validation, {funnel.test:,} test"
    return [
        _step("Imported", funnel.imported, [("full", funnel.imported)], _rejected(funnel.rejected)),
        _step("Unique", funnel.unique, [("full", funnel.unique)], f"{counted(copies, 'copy', 'copies')} set aside"),
        _step(
            "Kept",
            funnel.kept,
            [("full", funnel.kept), ("flagged", funnel.flagged), ("open", funnel.pending), ("bad", funnel.dropped)],
            f"{funnel.dropped:,} dropped, {funnel.flagged:,} flagged, {funnel.pending:,} undecided",
        ),
        _step(
            "Split",
            split,
            [("full", funnel.train), ("lighter", funnel.validation), ("lightest", funnel.test)],
            sides if split else "not split yet",
        ),
    ]


def _step(title: str, count: int, parts: list[tuple[str, int]], note: str) -> dict[str, Any]:
    shares = [{"kind": kind, "share": part, "title": f"{part:,}"} for kind, part in parts if part]
    return {"title": title, "count": count, "parts": shares, "note": note}


def _rejected(lines: int) -> str:
    return f"{counted(lines, 'line')} could not be read" if lines else "every line could be read"
