"""By what examples are cut into slices: cluster, task, length, language, source, tag.

A row: example_id "5f0c…", dimension "language", slice "de". An example has at most one slice in a dimension, but for
tags, of which it has one a metadata field. Lengths are thirds of all examples handed in (by words of the prompt), so
hand training examples, held-out ones and production queries in together. Not covered: slices that nobody named.
"""

import json

import polars as pl

from pipelines.quality.language import identify_languages
from pipelines.quality.tasks import task_keys

FEATURES = pl.Schema({"example_id": pl.String, "dimension": pl.String, "slice": pl.String})
LEAST_TASK = 8
# A metadata field with more values than this names examples (ids, times) rather than kinds of them.
MOST_TAG_VALUES = 30
_LENGTHS = ("short prompts", "middling prompts", "long prompts")


def slice_features(
    examples: pl.DataFrame, *, clusters: pl.DataFrame, sources: pl.DataFrame, metadata: pl.DataFrame
) -> pl.DataFrame:
    """Return in which slices each example is.

    Args:
        examples: columns example_id, system, prompt; one row an example.
        clusters: example_id, title; an example without a row is in no cluster.
        sources: example_id, source.
        metadata: example_id, metadata (a JSON object as text, or null).

    Returns:
        `FEATURES`, sorted; empty for no examples.
    """
    if examples.is_empty():
        return pl.DataFrame(schema=FEATURES)
    base = examples.select("example_id", "system", "prompt").unique("example_id", keep="first").sort("example_id")
    words = base["prompt"].str.count_matches(r"\S+")
    cuts = [int(words.quantile(share, "linear") or 0) for share in (1 / 3, 2 / 3)]
    named = base.select("example_id").with_columns(
        task=pl.Series(task_keys(base, LEAST_TASK), dtype=pl.String).replace("", None),
        length=pl.Series(
            [
                f"{_LENGTHS[0]} (to {cuts[0]} words)"
                if count <= cuts[0]
                else f"{_LENGTHS[1]} (to {cuts[1]} words)"
                if count <= cuts[1]
                else f"{_LENGTHS[2]} (over {cuts[1]} words)"
                for count in words
            ],
            dtype=pl.String,
        ),
        language=pl.Series(
            [None if found is None else found[0] for found in identify_languages(base["prompt"])], dtype=pl.String
        ),
    )
    kinds = [
        named.unpivot(index="example_id", variable_name="dimension", value_name="slice"),
        _dimension(clusters, "title", "cluster"),
        _dimension(sources, "source", "source"),
        _tags(metadata),
    ]
    return (
        pl.concat([frame.match_to_schema(FEATURES) for frame in kinds])
        .drop_nulls()
        .join(base.select("example_id"), on="example_id", how="semi")
        .unique()
        .sort("dimension", "slice", "example_id")
    )


def _dimension(frame: pl.DataFrame, column: str, dimension: str) -> pl.DataFrame:
    return frame.select(
        "example_id", pl.lit(dimension).alias("dimension"), pl.col(column).cast(pl.String).alias("slice")
    )


def _tags(metadata: pl.DataFrame) -> pl.DataFrame:
    rows: list[tuple[str, str, str]] = []
    values: dict[str, set[str]] = {}
    for example_id, text in metadata.select("example_id", "metadata").iter_rows():
        try:
            fields = json.loads(text) if text else {}
        except ValueError:
            continue
        for name, value in (fields if isinstance(fields, dict) else {}).items():
            if isinstance(value, str | int | bool) and len(str(value)) <= 80:
                rows.append((example_id, name, str(value)))
                values.setdefault(name, set()).add(str(value))
    kept = [(example, "tag", f"{name}={value}") for example, name, value in rows if len(values[name]) < MOST_TAG_VALUES]
    return pl.DataFrame(kept, schema=FEATURES, orient="row")
