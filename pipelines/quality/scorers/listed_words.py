"""Words from a list that the user owns: slurs, names of rivals, whatever must not stand in an answer.

1: no word of the list. 0.2: there is one, as a whole word, in any case. The list is the setting `listed_words`; it is
empty by default, and nothing is judged then: what offends is not for this program to decide.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer
from pipelines.quality.word_list import first_listed


@scorer(
    name="listed_words",
    title="Word of the project's list",
    dimension="tone",
    suggests="review",
    alone=True,
    description="The answer holds a word of the list that the project owns (setting `listed_words`; empty by default).",
)
def score_listed_words(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers with a word of the project's list."""
    words = context.settings.listed_words
    return judged(
        examples,
        (
            Finding(row, 0.2, f"The answer holds '{said}', which is on the project's list of words.", start, end)
            for row, start, end, said in first_listed(examples["completion"], words)
        ),
        None if words else (),
    )
