"""Outdated markers: names, versions and dates that the project's own list says are no longer true.

1: none. 0.3: the answer holds one ("API v1", "until December 2019", a product's former name), as whole words, in any
case. The list is the setting `outdated_markers`; it is empty by default, and nothing is judged then.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer
from pipelines.quality.word_list import first_listed


@scorer(
    name="outdated",
    title="Outdated marker",
    dimension="correct",
    suggests="review",
    alone=True,
    description="The answer holds a marker that the project lists as outdated (setting `outdated_markers`; empty by"
    " default).",
)
def score_outdated(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers with an outdated marker."""
    markers = context.settings.outdated_markers
    return judged(
        examples,
        (
            Finding(row, 0.3, f"The answer holds '{said}', which the project lists as outdated.", start, end)
            for row, start, end, said in first_listed(examples["completion"], markers)
        ),
        None if markers else (),
    )
