"""Answers much shorter or longer than those of their task.

1: ordinary. 0.4: the logarithm of the number of characters lies more than `length_spread` robust standard deviations
(median absolute deviation times 1.4826) from the task's median, and at least four times as short or long as it. JSON
and other text are compared apart. Fixed limits are not used: a web page's fifty words would drop most good short
answers (METHODS 1.2).
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

# A spread below this (a factor of 1.3) is a template's; distance in it would make every other answer odd.
LEAST_SPREAD = 0.26
LEAST_FACTOR = 4.0


@scorer(
    name="length",
    title="Odd length",
    dimension="complete",
    suggests="nothing",
    description="The answer is far shorter or longer than the others of its task.",
)
def score_length(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers of odd length within their task."""
    key = ["task", "json"]
    facts = (
        examples.select(
            size=pl.col("completion").str.len_chars(),
            task=pl.Series(context.tasks, dtype=pl.String),
            json=pl.Series([text is not None for text in context.json_texts], dtype=pl.Boolean),
        )
        .with_row_index("row")
        .with_columns(log=(pl.col("size") + 1).log())
        .with_columns(middle=pl.col("log").median().over(key), count=pl.len().over(key))
        .with_columns(spread=(pl.col("log") - pl.col("middle")).abs().median().over(key) * 1.4826)
        .with_columns(distance=(pl.col("log") - pl.col("middle")) / pl.col("spread").clip(LEAST_SPREAD))
        .filter(
            (pl.col("count") >= context.settings.minimum_group)
            & (pl.col("size") > 0)
            & (pl.col("distance").abs() > context.settings.length_spread)
            & ((pl.col("log") - pl.col("middle")).abs() > pl.lit(LEAST_FACTOR).log())
        )
    )
    findings = []
    for row, size, middle, distance in facts.select("row", "size", "middle", "distance").iter_rows():
        usual = round(2.718281828459045**middle - 1)
        word = "long" if distance > 0 else "short"
        findings.append(Finding(row, 0.4, f"The answer is very {word}: {size} characters, {usual} are usual.", 0, size))
    return judged(examples, findings)
