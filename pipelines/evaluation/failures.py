"""Which examples a variant fails on: one pass-or-fail verdict an example, from its headline metric.

The headline metric is `json_exact` where the reference is a JSON object, else `token_f1`; an output fails when its
score lies below the threshold. Token F1 forgives another wording and knows nothing of truth: a fluent answer with one
wrong number passes. Not covered: verdicts of people (`pipelines.rating`).
"""

import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.score import SCORES
from pipelines.examples import check_columns

HEADLINE_METRICS = ("json_exact", "token_f1")
FAIL_BELOW = 0.5
FAILURES = pl.Schema(
    {
        "variant": pl.String,
        "example_id": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "failed": pl.Boolean,
    }
)


def find_failures(scores: pl.DataFrame, *, fail_below: float = FAIL_BELOW) -> pl.DataFrame:
    """Tell for every variant and example whether the output fails.

    Args:
        scores: `pipelines.evaluation.score.SCORES`.
        fail_below: a headline score below this fails; between 0 and 1.

    Returns:
        `FAILURES`, sorted by variant and example; empty where no example has a headline metric.

    Raises:
        CurationError: a threshold outside 0 to 1.
    """
    if not 0 < fail_below <= 1:
        raise CurationError(f"{fail_below} is no threshold for failing.", "Give a number above 0, at most 1.")
    check_columns(scores, SCORES, "scores")
    place = {name: number for number, name in enumerate(HEADLINE_METRICS)}
    return (
        scores.filter(pl.col("metric").is_in(HEADLINE_METRICS))
        .sort("variant", "example_id", pl.col("metric").replace_strict(place, default=9, return_dtype=pl.Int32))
        .unique(["variant", "example_id"], keep="first", maintain_order=True)
        .with_columns(failed=pl.col("value") < fail_below)
        .match_to_schema(FAILURES, extra_columns="ignore")
    )
