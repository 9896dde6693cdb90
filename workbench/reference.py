"""The README's tables of commands, formats, scorers, metrics, stages and result tables, read from the registries.

`python -m workbench.reference README.md` writes them between their markers; a test fails when they are out of date.
"""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from workbench.files import write_text

_BLOCK = re.compile(r"<!-- table: (?P<name>[a-z ]+) -->\n.*?<!-- end -->", re.DOTALL)


def commands_table() -> str:
    """Every command with what it does."""
    from workbench.cli.main import COMMANDS

    return _table(("command", "does"), ((f"`workbench {name}`", text) for name, text in COMMANDS.items()))


def formats_table() -> str:
    """Every format, and whether it is read and written."""
    from pipelines.formats.registry import FORMATS

    rows = (
        (f"`{entry.name}`", entry.description, "yes" if entry.can_read else "", "yes" if entry.can_write else "")
        for entry in FORMATS.values()
    )
    return _table(("format", "what it is", "read", "written"), rows)


def exports_table() -> str:
    """Every layout of a tool, what it leaves out and where its rules come from."""
    from pipelines.exports.registry import layouts

    rows = (
        (f"`{layout.name}`", layout.description, ", ".join(layout.not_carried), layout.source)
        for layout in layouts().values()
        if layout.source != "this project"
    )
    return _table(("export format", "what is written", "leaves out", "read from"), rows)


def scorers_table() -> str:
    """Every quality scorer with its dimension."""
    from pipelines.quality.registry import SCORERS

    rows = ((f"`{entry.name}`", entry.dimension, entry.description) for entry in SCORERS.values())
    return _table(("scorer", "dimension", "finds"), rows)


def metrics_table() -> str:
    """Every metric, and on which examples it is computed."""
    from pipelines.evaluation.metrics import METRICS

    applies = {
        "all": "all",
        "json": "reference is a JSON object",
        "text": "reference is text",
        "number": "reference is text with a number",
        "label": "reference is one of a few labels",
    }
    rows = (
        (f"`{entry.name}`", applies[entry.applies], "yes" if entry.default else "", entry.description)
        for entry in METRICS.values()
    )
    return _table(("metric", "examples", "by default", "what it says"), rows)


def settings_table() -> str:
    """Every setting of the stages."""
    from workbench.stages import stage_settings

    rows = [
        (f"`{stage}.{name}`", _shown(field.default), field.description or "")
        for stage, model in stage_settings({}).items()
        for name, field in type(model).model_fields.items()
    ]
    return _table(("setting", "default", "meaning"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands_table,
    "formats": formats_table,
    "exports": exports_table,
    "scorers": scorers_table,
    "metrics": metrics_table,
    "settings": settings_table,
}


def with_tables(text: str) -> str:
    """Return a document with each marked block replaced by its table as it is now."""

    def replacement(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- table: {name} -->\n{TABLES[name]()}\n<!-- end -->"

    return _BLOCK.sub(replacement, text)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _shown(value: object) -> str:
    return "" if value is None or value == () else f"`{value}`"


def main() -> None:
    """Write the tables of the document named on the command line."""
    path = Path(sys.argv[1])
    write_text(path, with_tables(path.read_text("utf-8")))


if __name__ == "__main__":
    main()
