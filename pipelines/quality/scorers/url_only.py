"""Answers that are nothing but a link.

1: there is an answer beside the link. 0.2: there is not. Prompts that ask for a link are not judged.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer


@scorer(
    name="url_only",
    title="Nothing but a link",
    dimension="complete",
    suggests="review",
    description="The answer is a link and nothing else.",
)
def score_url_only(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers that only point elsewhere."""
    only = examples["completion"].str.contains(
        r"(?i)^\s*((see|link|source|here)\s*:?\s*)?[<(\[]?(https?://|www\.)\S+\s*$"
    )
    asked = examples["prompt"].str.contains(r"(?i)\b(url|link|web ?site|web ?page|address|domain|uri)s?\b")
    rows = (only & ~asked).fill_null(False).arg_true().to_list()
    return judged(
        examples,
        (Finding(row, 0.2, "The answer is only a link.", 0, len(examples["completion"][row])) for row in rows),
    )
