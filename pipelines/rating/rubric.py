"""What single answers, rated on criteria from 1 to 5, say about the variants: levels, and paired differences.

The unit is the example: the scores of all raters of an answer are averaged first, so that ten raters of one answer are
not ten pieces of evidence. A difference is taken within a rater, who gave both variants' answers to an example a score,
and then averaged over the example's raters: whoever is strict is strict with both. Intervals and p-values are those of
`pipelines.evaluation.statistics` (t under 200 examples, bootstrap from there on); p-values are corrected over all
criteria and pairs of variants (Benjamini-Hochberg). Under 30 examples the verdict is "too few", whatever the figures.

A mean takes the steps from 1 to 5 for equally large, which no rater promised. So how often each score was given, and on
how many examples a variant was rated higher or lower, stand beside it: they do not depend on that.

Examples of one duplicate group hang together: errors are then those of the groups, which also are what is counted for
"too few". Not covered: models of raters' severity.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.compare import CompareSettings
from pipelines.evaluation.statistics import (
    Estimate,
    benjamini_hochberg,
    mean_estimate,
    paired_estimate,
    smallest_detectable,
)
from pipelines.evaluation.verdict import BETTER, NO_EVIDENCE, TOO_FEW, WORSE
from pipelines.examples import check_columns
from pipelines.rating.criteria import HIGHEST, LOWEST, VALUES
from pipelines.rating.units import count_of, unit_numbers

RUBRIC_SCORES = pl.Schema(
    {
        "answer_id": pl.String,
        "example_id": pl.String,
        "rater": pl.String,
        "variant": pl.String,
        "criterion": pl.String,
        "score": pl.Int64,
    }
)
COUNTS = ("ones", "twos", "threes", "fours", "fives")
RUBRIC_LEVELS = pl.Schema(
    {
        "variant": pl.String,
        "criterion": pl.String,
        "mean": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "n": pl.Int64,
        "raters": pl.Int64,
        "ones": pl.Int64,
        "twos": pl.Int64,
        "threes": pl.Int64,
        "fours": pl.Int64,
        "fives": pl.Int64,
        "method": pl.String,
    }
)
RUBRIC_DIFFERENCES = pl.Schema(
    {
        "variant": pl.String,
        "against": pl.String,
        "criterion": pl.String,
        "mean": pl.Float64,
        "against_mean": pl.Float64,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "p_value": pl.Float64,
        "q_value": pl.Float64,
        "detectable": pl.Float64,
        "higher": pl.Int64,
        "lower": pl.Int64,
        "n": pl.Int64,
        "units": pl.Int64,
        "method": pl.String,
        "verdict": pl.String,
        "sentence": pl.String,
    }
)
_SPAN = HIGHEST - LOWEST


def checked_scores_frame(scores: pl.DataFrame) -> pl.DataFrame:
    """Return the scores in a fixed order, or refuse them.

    Raises:
        CurationError: a missing column or value, a score that is not 1 to 5, two scores of one rater for a variant,
            example and criterion.
    """
    check_columns(scores, RUBRIC_SCORES, "scores")
    rows = scores.select(list(RUBRIC_SCORES))
    for bad, what, remedy in (
        (pl.any_horizontal(pl.all().is_null()), "lacks a value", "Fill every column, or leave the score out."),
        (~pl.col("score").is_in(VALUES), "is not on the scale", "A score is a whole number from 1 to 5."),
        (
            pl.struct("rater", "variant", "example_id", "criterion").is_duplicated(),
            "was given twice by one rater",
            "Keep the last score of a rater.",
        ),
    ):
        found = rows.filter(bad)
        if not found.is_empty():
            row = found.row(0, named=True)
            raise CurationError(
                f"A score {what}: rater '{row['rater']}', variant '{row['variant']}', example {row['example_id']}, "
                f"criterion '{row['criterion']}', score {row['score']} ({found.height} such).",
                remedy,
            )
    return rows.sort("criterion", "variant", "example_id", "rater")


def rubric_levels(
    scores: pl.DataFrame,
    criteria: Sequence[str],
    *,
    groups: pl.DataFrame | None = None,
    settings: CompareSettings | None = None,
) -> pl.DataFrame:
    """Return each variant's mean score on each criterion with its interval: `RUBRIC_LEVELS`.

    Args:
        scores: `RUBRIC_SCORES`, all under the same wording of the criteria.
        criteria: their names in the order in which they are told; others in the scores come after them.
        groups: `pipelines.evaluation.compare.GROUPS`; examples that are not in it stand alone.
        settings: resamples, confidence, seed.

    Returns:
        Rows by criterion, then variant. `n` counts examples, `ones` to `fives` scores. `low` and `high` are None where
        there is one example only, rated other than 1 or 5. No scores give an empty frame.

    Raises:
        CurationError: the scores are not sound.
    """
    settings = settings or CompareSettings()
    rows = checked_scores_frame(scores)
    found: list[dict[str, Any]] = []
    for criterion in _ordered(rows, criteria):
        of_criterion = rows.filter(pl.col("criterion") == criterion)
        for variant in of_criterion["variant"].unique().sort():
            mine = of_criterion.filter(pl.col("variant") == variant)
            by_example = mine.group_by("example_id").agg(pl.col("score").mean()).sort("example_id")
            means = by_example["score"]
            estimate = mean_estimate(
                (means.to_numpy() - LOWEST) / _SPAN,
                unit_numbers(by_example["example_id"], groups),
                confidence=settings.confidence,
                resamples=settings.resamples,
                seed=settings.seed,
            )
            counts = {name: int((mine["score"] == value).sum()) for name, value in zip(COUNTS, VALUES, strict=True)}
            found.append(
                {
                    "variant": variant,
                    "criterion": criterion,
                    "mean": float(means.mean()),  # type: ignore[arg-type]  # there is a score
                    "low": None if estimate.low is None else LOWEST + _SPAN * estimate.low,
                    "high": None if estimate.high is None else LOWEST + _SPAN * estimate.high,
                    "n": means.len(),
                    "raters": mine["rater"].n_unique(),
                    **counts,
                    "method": estimate.method,
                }
            )
    return pl.DataFrame(found, schema=RUBRIC_LEVELS)


def rubric_differences(
    scores: pl.DataFrame,
    criteria: Sequence[str],
    *,
    groups: pl.DataFrame | None = None,
    settings: CompareSettings | None = None,
) -> pl.DataFrame:
    """Return the paired difference of each two variants on each criterion, in points: `RUBRIC_DIFFERENCES`.

    Args:
        scores: `RUBRIC_SCORES`, all under the same wording of the criteria.
        criteria: their names in the order in which they are told.
        groups: `pipelines.evaluation.compare.GROUPS`; examples that are not in it stand alone.
        settings: resamples, confidence, seed, least number of units.

    Returns:
        Rows by pair, then criterion; of a pair the variant that sorts later stands first (tuned before base).
        `higher` and `lower` count examples. Two variants that no rater gave scores on one example have n = 0 and no
        figures. Fewer than two variants give an empty frame.

    Raises:
        CurationError: the scores are not sound.
    """
    settings = settings or CompareSettings()
    rows = checked_scores_frame(scores)
    names = rows["variant"].unique().sort().to_list()
    found = [
        {"variant": variant, "against": against, "criterion": criterion}
        | _difference(rows.filter(pl.col("criterion") == criterion), variant, against, groups, settings)
        for against, variant in combinations(names, 2)
        for criterion in _ordered(rows, criteria)
    ]
    tested = [row for row in found if row["units"] >= settings.least and row["p_value"] is not None]
    q_values = benjamini_hochberg([row["p_value"] for row in tested]) if tested else []
    for row, q_value in zip(tested, q_values, strict=True):
        row["q_value"] = q_value
    for row in found:
        row["verdict"] = _verdict(row, settings)
        row["sentence"] = _sentence(row, settings)
    return pl.DataFrame(found, schema=RUBRIC_DIFFERENCES)


def _ordered(rows: pl.DataFrame, criteria: Sequence[str]) -> list[str]:
    given = rows["criterion"].unique().sort().to_list()
    return [name for name in criteria if name in given] + [name for name in given if name not in criteria]


def _difference(
    rows: pl.DataFrame, variant: str, against: str, groups: pl.DataFrame | None, settings: CompareSettings
) -> dict[str, Any]:
    """Compare two variants on one criterion; what the raters of both gave is averaged for each example."""
    both = (
        rows.filter(pl.col("variant") == variant)
        .join(rows.filter(pl.col("variant") == against), on=["example_id", "rater"], suffix="_against")
        .group_by("example_id")
        .agg(pl.col("score").mean(), pl.col("score_against").mean())
        .sort("example_id")
    )
    if both.is_empty():
        return {"n": 0, "units": 0, "method": "no rater rated both", "p_value": None}
    mine, other = ((both[name].to_numpy() - LOWEST) / _SPAN for name in ("score", "score_against"))
    numbers = unit_numbers(both["example_id"], groups)
    estimate: Estimate = paired_estimate(
        mine,
        other,
        numbers,
        confidence=settings.confidence,
        resamples=settings.resamples,
        seed=settings.seed,
        binary=False,
    )
    error = estimate.standard_error
    detectable = smallest_detectable(error, confidence=settings.confidence) * _SPAN if error else None
    return {
        "mean": float(both["score"].mean()),  # type: ignore[arg-type]  # there is a row
        "against_mean": float(both["score_against"].mean()),  # type: ignore[arg-type]
        "difference": _SPAN * estimate.value,
        "low": None if estimate.low is None else _SPAN * estimate.low,
        "high": None if estimate.high is None else _SPAN * estimate.high,
        "p_value": estimate.p_value,
        "detectable": detectable,
        "higher": int((both["score"] > both["score_against"]).sum()),
        "lower": int((both["score"] < both["score_against"]).sum()),
        "n": both.height,
        "units": count_of(numbers, both.height),
        "method": estimate.method,
    }


def _verdict(row: dict[str, Any], settings: CompareSettings) -> str:
    if row["units"] < settings.least or row.get("q_value") is None:
        return TOO_FEW
    if row["q_value"] > 1 - settings.confidence or row["difference"] == 0:
        return NO_EVIDENCE
    return BETTER if row["difference"] > 0 else WORSE


def _sentence(row: dict[str, Any], settings: CompareSettings) -> str:
    """Say a difference in one sentence or two, with the figures that it rests on."""
    variant, against, criterion, n = row["variant"], row["against"], row["criterion"], row["n"]
    if n == 0:
        return f"{criterion}: no rater gave both {variant} and {against} a score on the same example."
    on = f"{n} example{'' if n == 1 else 's'}" + (f" in {row['units']} groups" if row["units"] != n else "")
    levels = f"{row['mean']:.2f} against {row['against_mean']:.2f} of {HIGHEST}"
    if row["verdict"] == TOO_FEW:
        return f"{criterion}: too few to tell {variant} from {against}: {on}, {settings.least} are needed ({levels})."
    interval = f"{row['difference']:+.2f} points ({row['low']:+.2f} to {row['high']:+.2f})"
    counts = f"higher on {row['higher']} and lower on {row['lower']} of {on}"
    if row["verdict"] == NO_EVIDENCE:
        told = f"{criterion}: no evidence of a difference between {variant} and {against} ({levels}, {interval}, "
        told += f"{counts})."
        if not row["low"] <= 0 <= row["high"]:
            told += " The interval leaves out 0, but among so many comparisons that happens by chance."
        if row["detectable"]:
            told += f" A true difference of {row['detectable']:.2f} points would have shown four times in five."
        return told
    word = "higher" if row["verdict"] == BETTER else "lower"
    return f"{criterion}: {variant} is rated {word} than {against}: {levels}, {interval}, {counts}."
