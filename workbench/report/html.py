"""A report as one HTML file: style and charts inside, no script, nothing to fetch, every text escaped."""

from html import escape

from workbench.report.charts import chart_svg
from workbench.report.document import Block, Cell, Paragraph, Report, Table, shown

# No source may load anything, whatever a text of the data set holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --mark: #0b5cad; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --faint: #9aa4ae; --line: #3d444d; --mark: #6cb2ff; --paper: #10151b; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.2rem; border-bottom: 1px solid var(--line); margin-top: 2rem; }
.subtitle, figcaption { color: var(--faint); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.87rem; margin: 0.6rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.2rem 0.7rem 0.2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; } figure { margin: 0.8rem 0; } svg { width: 100%; height: auto; fill: var(--mark); }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .axis { fill: var(--faint); }
svg line, svg polyline, svg path { stroke: var(--mark); stroke-width: 2; }
svg .grid { stroke: var(--line); stroke-width: 1; }
@media print { :root { --ink: #000; --faint: #444; --line: #bbb; --mark: #000; --paper: #fff; } body { margin: 0;
  max-width: none; font-size: 11px; } h2 { break-after: avoid; } table, figure { break-inside: avoid; } }
"""


def report_html(report: Report) -> str:
    """Return the whole file."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1>{escape(report.title)}</h1><p class="subtitle">{escape(report.subtitle)}</p>',
    ]
    for section in report.sections:
        blocks = "".join(_block(block) for block in section.blocks)
        parts.append(f"<section><h2>{escape(section.title)}</h2>{blocks}</section>")
    return "\n".join([*parts, "</body></html>\n"])


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if not isinstance(block, Table):
        return chart_svg(block)
    if not block.rows:
        return "<p>none</p>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.columns)
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in block.rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(cell: Cell) -> str:
    number = isinstance(cell, int | float) and not isinstance(cell, bool)
    kind = ' class="number"' if number else ""
    return f"<td{kind}>{escape(shown(cell))}</td>"
