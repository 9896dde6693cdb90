"""Answers that have little to do with their prompt.

1: as related as the answers of its task are. 0.3: the cosine of prompt and answer lies more than `off_topic_spread`
robust standard deviations below the middle of its task and below 0.15 in itself. Answers of fewer than five words and
JSON are not judged: they name things without repeating the subject.

Needs the vectors of prompts and completions.
"""

import numpy as np
import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

UNRELATED = 0.15
FEWEST_WORDS = 5


@scorer(
    name="relevance",
    title="Answer about something else",
    dimension="on topic",
    suggests="review",
    description="The answer has far less to do with its prompt than the other answers have with theirs.",
)
def score_relevance(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers that are not about their prompt."""
    if context.prompt_vectors is None or context.completion_vectors is None:
        return judged(examples, (), ())
    cosines = np.einsum("nd,nd->n", context.prompt_vectors, context.completion_vectors)
    facts = (
        examples.select(
            cosine=pl.Series(cosines, dtype=pl.Float64),
            task=pl.Series(context.tasks, dtype=pl.String),
            judged=(pl.col("completion").str.count_matches(r"\S+") >= FEWEST_WORDS)
            & ~pl.Series([text is not None for text in context.json_texts], dtype=pl.Boolean),
        )
        .with_row_index("row")
        .filter("judged")
        .with_columns(middle=pl.col("cosine").median().over("task"), count=pl.len().over("task"))
        .with_columns(spread=(pl.col("cosine") - pl.col("middle")).abs().median().over("task") * 1.4826)
    )
    settings = context.settings
    low = facts.filter(
        (pl.col("count") >= settings.minimum_group)
        & (pl.col("cosine") < pl.col("middle") - settings.off_topic_spread * pl.col("spread"))
        & (pl.col("cosine") < UNRELATED)
    )
    return judged(
        examples,
        (
            Finding(
                row, 0.3, f"The answer has little to do with the prompt: {cosine:.2f} alike, {middle:.2f} is usual."
            )
            for row, cosine, middle in low.select("row", "cosine", "middle").iter_rows()
        ),
        facts["row"].to_list(),
    )
