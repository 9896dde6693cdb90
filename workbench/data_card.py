"""The data card: what a data set is made of, in Markdown.

Sources and licences, what was dropped at which stage and why, splits and their certificate, clusters, languages,
lengths, personal data, and what is known to be missing. Figures of the test split are counts, never its texts.
"""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from workbench.store.store import Store
from workbench.store.versions import VersionRecord

_CLUSTERS = 30
# So many training texts tell the languages; all would cost half a millisecond each.
_LANGUAGE_SAMPLE = 2_000


def data_card(store: Store, version: VersionRecord) -> str:
    """Write the card of a version."""
    counts = store.versions.counts(version.number)
    lines = [f"# Data card: version {version.version}", "", "## Sources and licences", ""]
    lines += _table(
        store.examples.sources().select("source", "role", "format", "lines", "accepted", "rejected").rows(),
        ("source", "role", "format", "lines", "accepted", "rejected"),
    )
    told = store.examples.licences().rows()
    licences = [(source, licence or "not stated in the file", count) for source, licence, count in told]
    lines += ["", *_table(licences, ("source", "licence", "examples"))]
    reasons = store.examples.rejected_reasons().select("file", "reason", "lines").head(_CLUSTERS).rows()
    lines += ["", "Lines that could not be read:", "", *_table(reasons, ("file", "reason", "lines"))]
    lines += ["", "## Curation", ""]
    lines += _table(store.analysis.suggestion_counts().rows(), ("suggestion", "cause", "examples", "share"))
    groups = store.analysis.duplicates()
    if groups.height:
        kinds = groups.group_by("kind").agg(pl.col("group_id").n_unique(), pl.len()).sort("kind").rows()
        lines += ["", "Duplicate groups:", "", *_table(kinds, ("kind", "groups", "examples in them"))]
    flagged = store.analysis.score_summary().filter(pl.col("flagged") > 0).rows()
    lines += ["", "Findings by scorer (score below 0.5):", "", *_table(flagged, ("scorer", "examples", "mean score"))]
    states = store.decisions.states().group_by("state").len().sort("state").rows()
    lines += ["", "State of the training examples:", "", *_table(states, ("state", "examples"))]
    lines += ["", "## Splits", "", *_table(list(counts.items()), ("split", "examples")), ""]
    checks = version.certificate.get("checks", [])
    if checks:
        columns = tuple(checks[0])
        lines += ["### Certificate", "", *_table([tuple(row.values()) for row in checks], columns), ""]
    lines += _contents(store, version)
    personal = store.analysis.personal_data()
    kinds = personal.group_by("kind").len().sort("kind").rows()
    lines += ["## Personal data found before curation", "", *_table(kinds, ("kind", "spans")), ""]
    gaps = store.analysis.gaps()
    lines += ["## Known gaps against production", ""]
    rows = gaps.select("title", "train_count", "production_count", "ratio", "collect").rows() if gaps.height else []
    columns = ("cluster", "in training", "in production", "share ratio", "to collect")
    lines += _table(rows, columns) if rows else ["none found, or no production queries were compared"]
    return "\n".join(lines) + "\n"


def _contents(store: Store, version: VersionRecord) -> list[str]:
    """Describe lengths, languages and clusters of what the splits hold."""
    examples = store.versions.member_sizes(version.number)
    lengths = [
        (split, *(round(value) for value in row))
        for split in ("train", "validation", "test")
        if (part := examples.filter(pl.col("split") == split)["tokens"]).len()
        for row in [[part.quantile(share) or 0.0 for share in (0.0, 0.5, 0.9, 0.99, 1.0)]]
    ]
    lines = ["## Contents", "", "Length in tokens, about four characters each:", ""]
    lines += [*_table(lengths, ("split", "least", "median", "90 %", "99 %", "most")), ""]
    train = examples.filter(pl.col("split") == "train")
    sample = train["example_id"].gather_every(max(1, train.height // _LANGUAGE_SAMPLE)).head(_LANGUAGE_SAMPLE)
    languages = _languages(store.examples.with_ids(sample.to_list())["completion"])
    lines += ["Languages of the answers in training:", "", *_table(languages, ("language", "share")), ""]
    turns = train.group_by("turns").len().sort("turns").rows()
    lines += ["Answers in a conversation:", "", *_table(turns, ("answers", "training examples")), ""]
    clusters = store.analysis.clusters()
    if clusters.height:
        by_cluster = store.analysis.cluster_of().join(train, on="example_id").group_by("cluster_id").len("train")
        rows = (
            clusters.join(by_cluster, on="cluster_id", how="left")
            .select("title", pl.col("train").fill_null(0))
            .sort("train", descending=True)
            .head(_CLUSTERS)
            .rows()
        )
        lines += [f"Clusters (the {_CLUSTERS} largest):", "", *_table(rows, ("cluster", "training examples")), ""]
    return lines


def _languages(sample: pl.Series) -> list[tuple[object, ...]]:
    from pipelines.quality.language import identify_languages

    if sample.is_empty():
        return []
    found = [told[0] if told else "too short to tell" for told in identify_languages(sample)]
    return [(language, f"{100 * n / sample.len():.1f} %") for language, n in Counter(found).most_common()]


def _table(rows: Sequence[tuple[object, ...]], columns: tuple[str, ...]) -> list[str]:
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
