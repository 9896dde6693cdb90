"""What the review card asks for besides its cards: one example, its neighbours, its history, and changes to that."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from pipelines.errors import CurationError
from workbench.project import Project

Cards = Callable[[Sequence[str]], list[dict[str, Any]]]


def answer(project: Project, ask: dict[str, Any], who: str, cards: Cards) -> dict[str, Any]:
    """Return the answer to one question of the card.

    Args:
        project: the open project.
        ask: `{kind, example_id, ...}`; kind is jump or whole (a card), neighbours, history, undo (a batch), or restore
            (an earlier text).
        who: the reviewer.
        cards: gives cards as this reviewer may see them.

    Raises:
        CurationError: there is no such example, or the change is refused.
    """
    kind, example_id = str(ask["kind"]), str(ask["example_id"])
    if kind == "neighbours":
        return {"rows": [asdict(row) for row in project.neighbours.of(example_id)]}
    if kind == "history":
        return {"rows": _history(project, example_id)}
    if kind == "undo":
        project.history.undo(int(ask["batch"]), who)
    elif kind == "restore":
        project.history.restore(example_id, str(ask["earlier_id"]), who)
    found = cards([_present(project, example_id) if kind in ("undo", "restore") else example_id])
    if not found:
        raise CurationError(
            f"There is no example {example_id} to show.",
            "It may be sealed in the test split, replaced by an edit, or another project's.",
        )
    return {"card": found[0]}


def _present(project: Project, example_id: str) -> str:
    """Return the text of an example that stands in the data now."""
    texts = project.history.texts(example_id)
    return next((text.example_id for text in texts if text.present), example_id)


def _history(project: Project, example_id: str) -> list[dict[str, Any]]:
    present = _present(project, example_id)
    rows = []
    for entry in project.history.of(example_id):
        row = {**asdict(entry), "can_undo": entry.can_undo, "earlier_id": None}
        for name in ("when", "undone_at"):
            row[name] = None if row[name] is None else row[name].isoformat(timespec="seconds")
        if entry.action == "edit" and entry.example_id != present:
            row["earlier_id"] = entry.example_id
        rows.append(row)
    return rows
