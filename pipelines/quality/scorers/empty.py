"""Empty answers: nothing there, or nothing but blanks and characters that do not show.

1: there is something to read. 0: there is not. Lone punctuation is the matter of `placeholder.py`.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer


@scorer(
    name="empty",
    title="Empty answer",
    dimension="complete",
    suggests="drop",
    alone=True,
    description="The answer is empty or holds only blanks.",
)
def score_empty(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers without a character that shows."""
    rows = rows_matching(examples["completion"], r"^[\s\p{Z}\p{C}]*$")
    return judged(examples, (Finding(row, 0.0, "The answer is empty.") for row in rows))
