"""Charts as inline SVG: no script, no font, no request; they print as they stand. All text is escaped."""

from html import escape

from workbench.report.document import BarChart, IntervalChart, LineChart

_WIDTH, _LABEL, _ROW, _TOP = 720, 230, 22, 8
_DASHES = ("", "6 3", "2 3", "8 3 2 3")


def chart_svg(chart: IntervalChart | BarChart | LineChart) -> str:
    """Return one chart with its title for screen readers; one without data says so."""
    if isinstance(chart, IntervalChart):
        return _intervals(chart)
    return _bars(chart) if isinstance(chart, BarChart) else _lines(chart)


def _intervals(chart: IntervalChart) -> str:
    marks = []
    height = _TOP + _ROW * len(chart.intervals) + 26
    low, high = min([chart.ticks[0], *(entry.value for entry in chart.intervals)]), chart.ticks[-1]
    for tick in chart.ticks:
        x = _at(tick, low, high)
        marks.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height - 22}"/>')
        marks.append(f'<text class="axis" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{tick:g}</text>')
    for place, entry in enumerate(chart.intervals):
        y = _TOP + _ROW * place + _ROW / 2
        marks.append(_label(entry.label, y))
        if entry.low is not None and entry.high is not None:
            left, right = _at(entry.low, low, high), _at(entry.high, low, high)
            marks.append(f'<line class="range" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>')
        marks.append(f'<circle cx="{_at(entry.value, low, high):.1f}" cy="{y}" r="4"/>')
    return _svg(chart.title, height, marks, bool(chart.intervals))


def _bars(chart: BarChart) -> str:
    most = max((count for _, count in chart.bars), default=0) or 1
    marks = []
    for place, (label, count) in enumerate(chart.bars):
        y = _TOP + _ROW * place
        width = (_WIDTH - _LABEL - 80) * count / most
        marks.append(_label(label, y + _ROW / 2))
        marks.append(f'<rect x="{_LABEL}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 6}"/>')
        marks.append(f'<text class="axis" x="{_LABEL + width + 6:.1f}" y="{y + _ROW / 2 + 4}">{count:,}</text>')
    return _svg(chart.title, _TOP + _ROW * len(chart.bars) + 4, marks, bool(chart.bars))


def _lines(chart: LineChart) -> str:
    points = [point for _, line in chart.lines for point in line]
    height, left, bottom = 240, 60, 200
    if not points:
        return _svg(chart.title, 40, [], False)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x0, x1, y0, y1 = min(xs), max(xs), min(0.0, *ys), max(ys)
    wide, tall = (x1 - x0) or 1.0, (y1 - y0) or 1.0

    def place(point: tuple[float, float]) -> str:
        x = left + (_WIDTH - left - 130) * (point[0] - x0) / wide
        return f"{x:.1f},{bottom - (bottom - _TOP) * (point[1] - y0) / tall:.1f}"

    marks = [f'<text class="axis" x="{left}" y="{height - 22}">{x0:g}</text>']
    marks += [
        f'<text class="axis" x="{_WIDTH - 130}" y="{height - 22}" text-anchor="end">{x1:g} {escape(chart.x)}</text>'
    ]
    marks += [f'<text class="axis" x="{left - 6}" y="{bottom}" text-anchor="end">{y0:.3g}</text>']
    marks += [f'<text class="axis" x="{left - 6}" y="{_TOP + 10}" text-anchor="end">{y1:.3g}</text>']
    marks += [f'<path class="grid" fill="none" d="M{left},{_TOP} V{bottom} H{_WIDTH - 130}"/>']
    for number, (name, line) in enumerate(chart.lines):
        path = " ".join(place(point) for point in line)
        dash = _DASHES[number % len(_DASHES)]
        marks.append(f'<polyline fill="none" stroke-dasharray="{dash}" points="{path}"/>')
        if line:
            x, y = place(line[-1]).split(",")
            marks.append(f'<text class="axis" x="{float(x) + 6:.1f}" y="{float(y) + 4:.1f}">{escape(name)}</text>')
    return _svg(f"{chart.title}: {chart.y}", height, marks, True)


def _at(value: float, low: float, high: float) -> float:
    return _LABEL + (_WIDTH - _LABEL - 20) * (min(max(value, low), high) - low) / (high - low)


def _label(text: str, y: float) -> str:
    short = text if len(text) <= 36 else f"{text[:35]}…"
    return f'<text x="{_LABEL - 8}" y="{y + 4}" text-anchor="end">{escape(short)}</text>'


def _svg(title: str, height: float, marks: list[str], has_data: bool) -> str:
    caption = f"<figcaption>{escape(title)}</figcaption>"
    if not has_data:
        return f"<figure>{caption}<p>no data</p></figure>"
    body = "".join(marks)
    return (
        f'<figure>{caption}<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"{body}</svg></figure>"
    )
