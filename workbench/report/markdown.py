"""A report as Markdown, for a model card: the same figures, charts as tables, every text escaped."""

import re

from workbench.report.document import BarChart, Block, Cell, IntervalChart, LineChart, Paragraph, Report, Table, shown

# Whatever could begin markup, HTML, a link or a table cell of its own.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def report_markdown(report: Report) -> str:
    """Return the whole document."""
    lines = [f"# {_plain(report.title)}", "", _plain(report.subtitle), ""]
    for section in report.sections:
        lines += [f"## {_plain(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines)


def _block(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return [_plain(block.text)]
    if isinstance(block, IntervalChart):
        rows = [(entry.label, entry.value, entry.low, entry.high) for entry in block.intervals]
        return _table(Table((block.title, "value", "low", "high"), rows))
    if isinstance(block, BarChart):
        return _table(Table((block.title, "count"), list(block.bars)))
    if isinstance(block, LineChart):
        ends: list[tuple[Cell, ...]] = [
            (name, len(line), line[0][1], line[-1][1]) for name, line in block.lines if line
        ]
        return _table(Table((block.title, "points", f"first {block.y}", f"last {block.y}"), ends))
    return _table(block)


def _table(table: Table) -> list[str]:
    if not table.rows:
        return ["none"]
    head = ["| " + " | ".join(_plain(name) for name in table.columns) + " |", "|" + " --- |" * len(table.columns)]
    return head + ["| " + " | ".join(_plain(shown(cell)) for cell in row) + " |" for row in table.rows]


def _plain(text: str) -> str:
    """Write text so that it stays text: on one line, with all markup escaped."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
