"""The data card: what a data set is made of, in Markdown."""

from workbench.store.store import Store
from workbench.store.versions import VersionRecord


def data_card(store: Store, version: VersionRecord) -> str:
    """Write the card of a version: sources, what was dropped and why, splits, the certificate, known gaps."""
    counts = store.versions.counts(version.number)
    lines = [f"# Data card: version {version.version}", "", "## Sources", ""]
    lines += _table(
        store.examples.sources().select("source", "role", "format", "lines", "accepted", "rejected").rows(),
        ("source", "role", "format", "lines", "accepted", "rejected"),
    )
    lines += ["", "## Curation", ""]
    lines += _table(store.analysis.suggestion_counts().rows(), ("suggestion", "cause", "examples", "share"))
    states = store.decisions.states().group_by("state").len().sort("state").rows()
    lines += ["", "State of the training examples:", "", *_table(states, ("state", "examples"))]
    lines += ["", "## Splits", "", *_table(list(counts.items()), ("split", "examples")), ""]
    checks = version.certificate.get("checks", [])
    if checks:
        columns = tuple(checks[0])
        lines += ["### Certificate", "", *_table([tuple(row.values()) for row in checks], columns), ""]
    personal = store.analysis.personal_data()
    kinds = personal.group_by("kind").len().sort("kind").rows()
    lines += ["## Personal data found before curation", "", *_table(kinds, ("kind", "spans")), ""]
    gaps = store.analysis.gaps()
    if gaps.height:
        rows = gaps.select("title", "train_count", "production_count", "ratio", "collect").rows()
        columns = ("topic", "in training", "in production", "share ratio", "to collect")
        lines += ["## Known gaps against production", "", *_table(rows, columns), ""]
    return "\n".join(lines) + "\n"


def _table(rows: list[tuple[object, ...]], columns: tuple[str, ...]) -> list[str]:
    if not rows:
        return ["none"]
    head = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return head + ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]


def _cell(value: object) -> str:
    """Write a value as one table cell: no cell borders, line breaks or markup of its own."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}"
    text = " ".join(str(value).split())
    for character in "\\|<>[]`*_":
        text = text.replace(character, f"\\{character}")
    return text
