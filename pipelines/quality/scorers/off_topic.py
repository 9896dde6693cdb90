"""Prompts that lie far from everything else in the project.

1: as near to its neighbours as prompts of the project are. 0: the mean cosine to the nearest prompts of other wording
lies more than `off_topic_spread` robust standard deviations below the middle, and below 0.45 in itself. In a data set
of many subjects the spread is wide, so that little or nothing is off topic; in a narrow one a stranger stands out.
Strangers that keep each other company are found as long as they are fewer than `off_topic_neighbours`.

Needs the vectors of the prompts. Not covered: an answer that is about something else (`relevance.py`).
"""

import numpy as np
import polars as pl

from pipelines.quality.nearest import nearest
from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

# Beyond so many prompts the neighbours are sought in an even sample of them.
LARGEST_REFERENCE = 20_000
FEWEST_EXAMPLES = 50
# A prompt as near as this to its neighbours belongs, however tight the rest is.
NEAR = 0.45


@scorer(
    name="off_topic",
    title="Off topic",
    dimension="on topic",
    suggests="drop",
    description="The prompt lies far from all other prompts of the project.",
)
def score_off_topic(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find prompts far from the rest."""
    vectors = context.prompt_vectors
    if vectors is None or examples.height < FEWEST_EXAMPLES:
        return judged(examples, (), ())
    closeness = neighbour_similarity(vectors, examples["prompt"], context)
    middle = float(np.median(closeness))
    spread = max(float(np.median(np.abs(closeness - middle))) * 1.4826, 1e-3)
    limit = min(middle - context.settings.off_topic_spread * spread, NEAR)
    return judged(
        examples,
        (
            Finding(
                int(row), 0.0, f"The prompt is far from the others: {closeness[row]:.2f} alike, {middle:.2f} is usual."
            )
            for row in np.nonzero(closeness < limit)[0]
        ),
    )


def neighbour_similarity(vectors: np.ndarray, prompts: pl.Series, context: ScoringContext) -> np.ndarray:
    """Return the mean cosine of each prompt to its nearest prompts of other wording, as (n,) float32."""
    wording = prompts.str.to_lowercase().str.replace_all(r"[\W\d_]+", " ").rank("dense").to_numpy()
    firsts = np.sort(np.unique(wording, return_index=True)[1])
    if len(firsts) > LARGEST_REFERENCE:
        firsts = firsts[np.linspace(0, len(firsts) - 1, LARGEST_REFERENCE).astype(np.int64)]
    _, cosines = nearest(
        vectors,
        vectors[firsts],
        context.settings.off_topic_neighbours,
        groups=(wording, wording[firsts]),
        progress=lambda share, message: None,
    )
    closeness: np.ndarray = np.where(np.isfinite(cosines), cosines, 0.0).mean(axis=1)
    return closeness
