"""One overall quality and one suggestion for every example, each with a plain reason.

Quality: a dimension (complete, correct, on topic, format, tone) has the lowest score of its scorers; a conflict lowers
"correct". The overall quality is half the weighted mean of the five dimensions and half the lowest of them, so that
one serious defect is not averaged away:

    quality = (sum(weight * dimension) / sum(weight) + min(dimension)) / 2

Suggestion, the first that applies: "drop" for a certain defect, for the minority in a conflict that has a majority,
and for an exact or near-duplicate that is not its group's survivor; "review" for a doubt (an undecided conflict, a
doubtful label, personal data, a semantic duplicate, a finding that is not certain); else "keep". A duplicate group has
one survivor, whatever kinds of duplicates it holds: its representative, or where that has a certain defect, a member
that has none, exact duplicates before near ones before semantic ones, then the best. Members are verified against the
representative; where another near one survives, the rest of its group is for review and not dropped.
"""

import polars as pl

from pipelines.duplicates.groups import KINDS
from pipelines.examples import EXAMPLES, check_columns
from pipelines.quality.conflicts import MAJORITY, MINORITY
from pipelines.quality.registry import DIMENSIONS, SCORERS
from pipelines.quality.settings import QualitySettings

SUGGESTIONS = pl.Schema(
    {
        "example_id": pl.String,
        "quality": pl.Float64,
        "suggestion": pl.String,
        "cause": pl.String,
        "reason": pl.String,
    }
)

NOTHING_FOUND = "Nothing speaks against it."
NO_CAUSE = "Nothing found"
# A finding of a scorer that suggests dropping is certain up to this score, a doubt above it.
CERTAIN = 0.1

# What a conflict leaves of "correct".
CONFLICT_CORRECT = {"minority": 0.1, "label": 0.2, "undecided": 0.5}

# The order in which reasons are told: what is certain first, then what weighs most.
_DEFECT, _MINORITY, _DUPLICATE, _FINDING, _LABEL, _UNDECIDED, _PERSONAL, _SEMANTIC = range(8)


def suggest(
    examples: pl.DataFrame,
    *,
    scores: pl.DataFrame,
    duplicates: pl.DataFrame | None = None,
    conflicts: pl.DataFrame | None = None,
    personal_data: pl.DataFrame | None = None,
    settings: QualitySettings | None = None,
) -> pl.DataFrame:
    """Combine what the stages found into one quality and one suggestion for each example.

    Args:
        examples: a frame of `EXAMPLES`.
        scores: example_id, scorer, score, reason (`score_examples`); rows of scorers that no longer exist are ignored.
        duplicates: group_id, example_id, representative_id, kind (`find_duplicates`).
        conflicts: group_id, example_id, kind, detail (`find_conflicts`).
        personal_data: example_id, kind (`find_personal_data`).
        settings: the weights of the dimensions.

    Returns:
        A row for every example, ordered by example_id: quality (0..1), suggestion (keep, drop or review), cause (the
        kind of finding that decided it, for counting), reason (the finding in words).
    """
    check_columns(examples, EXAMPLES, "examples to suggest on")
    settings = settings or QualitySettings()
    scored = _with_scorers(scores)
    sided = _sided(conflicts)
    ids = examples.select(pl.col("example_id").unique().sort())
    quality = ids.join(_quality(ids, scored, sided, settings), on="example_id", how="left")
    reasons = [_finding_reasons(scored), _conflict_reasons(sided)]
    if personal_data is not None:
        reasons.append(_personal_reasons(personal_data))
    if duplicates is not None:
        certain = pl.concat(reasons).filter(pl.col("suggestion") == "drop").select("example_id").unique()
        reasons.append(_duplicate_reasons(duplicates, quality, certain))
    first = (
        pl.concat(reasons)
        .sort("example_id", "order", "weight", "reason")
        .unique("example_id", keep="first", maintain_order=True)
    )
    return (
        quality.join(first.select("example_id", "suggestion", "cause", "reason"), on="example_id", how="left")
        .with_columns(
            pl.col("suggestion").fill_null("keep"),
            pl.col("cause").fill_null(NO_CAUSE),
            pl.col("reason").fill_null(NOTHING_FOUND),
        )
        .match_to_schema(SUGGESTIONS)
        .sort("example_id")
    )


def _with_scorers(scores: pl.DataFrame) -> pl.DataFrame:
    """Add each scorer's dimension, title and what it suggests."""
    known = list(SCORERS.values())
    table = pl.DataFrame(
        {
            "scorer": [entry.name for entry in known],
            "dimension": [entry.dimension for entry in known],
            "suggests": [entry.suggests for entry in known],
            "title": [entry.title for entry in known],
        }
    )
    return scores.select("example_id", "scorer", "score", "reason").join(table, on="scorer", how="inner")


def _sided(conflicts: pl.DataFrame | None) -> pl.DataFrame:
    """Say for each part in a conflict what it means: minority, majority, undecided or label."""
    if conflicts is None:
        return pl.DataFrame(schema={"example_id": pl.String, "detail": pl.String, "side": pl.String})
    return conflicts.select(
        "example_id",
        "detail",
        side=pl.when(pl.col("kind") == "label")
        .then(pl.lit("label"))
        .when(pl.col("detail").str.starts_with(MINORITY))
        .then(pl.lit("minority"))
        .when(pl.col("detail").str.starts_with(MAJORITY))
        .then(pl.lit("majority"))
        .otherwise(pl.lit("undecided")),
    )


def _quality(ids: pl.DataFrame, scored: pl.DataFrame, sided: pl.DataFrame, settings: QualitySettings) -> pl.DataFrame:
    """Return the overall quality of each example; a dimension that nothing judged is 1."""
    conflicted = sided.filter(pl.col("side") != "majority").select(
        "example_id",
        pl.lit("correct").alias("dimension"),
        pl.col("side").replace_strict(CONFLICT_CORRECT, return_dtype=pl.Float64).alias("score"),
    )
    lowest = (
        pl.concat([scored.filter(pl.col("score") < 1.0).select("example_id", "dimension", "score"), conflicted])
        .group_by("example_id")
        .agg(
            pl.col("score").filter(pl.col("dimension") == dimension).min().fill_null(1.0).alias(dimension)
            for dimension in DIMENSIONS
        )
    )
    weights = {dimension: float(getattr(settings, "weight_" + dimension.replace(" ", "_"))) for dimension in DIMENSIONS}
    total = sum(weights.values()) or 1.0
    mean = pl.sum_horizontal(pl.col(dimension) * weight for dimension, weight in weights.items()) / total
    worst = pl.min_horizontal(*DIMENSIONS)
    return (
        ids.join(lowest, on="example_id", how="left")
        .with_columns(pl.col(dimension).fill_null(1.0) for dimension in DIMENSIONS)
        .select("example_id", quality=((mean + worst) / 2).clip(0.0, 1.0))
    )


def _reasons(
    frame: pl.DataFrame, suggestion: pl.Expr, order: pl.Expr, weight: pl.Expr, cause: pl.Expr, reason: pl.Expr
) -> pl.DataFrame:
    return frame.select(
        "example_id",
        suggestion.cast(pl.String).alias("suggestion"),
        order.cast(pl.Int32).alias("order"),
        weight.cast(pl.Float64).alias("weight"),
        cause.cast(pl.String).alias("cause"),
        reason.cast(pl.String).alias("reason"),
    )


def _finding_reasons(scored: pl.DataFrame) -> pl.DataFrame:
    certain = (pl.col("suggests") == "drop") & (pl.col("score") <= CERTAIN)
    return _reasons(
        scored.filter(pl.col("reason").is_not_null() & (pl.col("suggests") != "nothing")),
        pl.when(certain).then(pl.lit("drop")).otherwise(pl.lit("review")),
        pl.when(certain).then(_DEFECT).otherwise(_FINDING),
        pl.col("score"),
        pl.col("title"),
        pl.col("reason"),
    )


def _conflict_reasons(sided: pl.DataFrame) -> pl.DataFrame:
    side = pl.col("side")
    return _reasons(
        sided.filter(side != "majority"),
        pl.when(side == "minority").then(pl.lit("drop")).otherwise(pl.lit("review")),
        pl.when(side == "minority").then(_MINORITY).when(side == "label").then(_LABEL).otherwise(_UNDECIDED),
        pl.lit(0.0),
        pl.when(side == "label").then(pl.lit("Doubtful label")).otherwise(pl.lit("Conflicting answers")),
        pl.when(side == "label").then(pl.lit("The label is doubtful. ")).otherwise(pl.lit("Answers conflict. "))
        + pl.col("detail"),
    )


def _personal_reasons(personal_data: pl.DataFrame) -> pl.DataFrame:
    named = personal_data.group_by("example_id").agg(kinds=pl.col("kind").unique().sort().str.join(", "))
    return _reasons(
        named,
        pl.lit("review"),
        pl.lit(_PERSONAL),
        pl.lit(0.0),
        pl.lit("Personal data"),
        pl.lit("Holds personal data: ") + pl.col("kinds") + ".",
    )


def _duplicate_reasons(duplicates: pl.DataFrame, quality: pl.DataFrame, certain: pl.DataFrame) -> pl.DataFrame:
    """Suggest on every member of a duplicate group but its survivor."""
    likeness = pl.col("kind").replace_strict({kind: rank for rank, kind in enumerate(KINDS)}, return_dtype=pl.Int8)
    survivor = {name: pl.col(name).first().over("group_id") for name in ("example_id", "represents", "kind")}
    members = (
        duplicates.select("group_id", "example_id", "representative_id", "kind")
        .join(quality, on="example_id", how="inner")
        .join(certain.with_columns(defect=True), on="example_id", how="left")
        .with_columns(
            defect=pl.col("defect").fill_null(False),
            represents=pl.col("example_id") == pl.col("representative_id"),
            likeness=likeness,
        )
        .sort(
            ["group_id", "defect", "represents", "likeness", "quality", "example_id"],
            descending=[False, False, True, False, True, False],
        )
        .with_columns(survivor=survivor["example_id"], verified=survivor["represents"] | (survivor["kind"] == "exact"))
        .filter(pl.col("example_id") != pl.col("survivor"))
    )
    kind = pl.col("kind")
    causes = {"exact": "Exact duplicate", "near": "Near-duplicate", "semantic": "Semantic duplicate"}
    dropped = (kind != "semantic") & pl.col("verified")
    what = (
        pl.when(kind == "semantic")
        .then(pl.lit("Says nearly the same as "))
        .when(~pl.col("verified"))
        .then(pl.lit("Resembles the same example as "))
        .when(kind == "exact")
        .then(pl.lit("An exact duplicate of "))
        .otherwise(pl.lit("A near-duplicate of "))
    )
    return _reasons(
        members,
        pl.when(dropped).then(pl.lit("drop")).otherwise(pl.lit("review")),
        pl.when(dropped).then(_DUPLICATE).otherwise(_SEMANTIC),
        pl.lit(0.0),
        kind.replace_strict(causes, return_dtype=pl.String),
        what + pl.col("survivor").str.slice(0, 8) + ".",
    )
