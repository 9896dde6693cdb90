"""Empty answers: nothing there, or nothing but punctuation and blanks.

1: there is something to read. 0: there is not. A lone emoji or symbol of mathematics counts as something.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer


@scorer(
    name="empty",
    title="Empty answer",
    dimension="complete",
    suggests="drop",
    description="The answer is empty or holds only blanks and punctuation.",
)
def score_empty(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers without a letter, digit or symbol."""
    rows = rows_matching(examples["completion"], r"^[\s\p{P}\p{Z}\p{C}]*$")
    return judged(
        examples,
        (
            Finding(row, 0.0, "The answer holds only punctuation." if text.strip() else "The answer is empty.")
            for row, text in zip(rows, examples["completion"].gather(rows), strict=True)
        ),
    )
