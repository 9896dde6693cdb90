"""Prompts that have little to do with everything else in the project.

1: like the project's other prompts. 0: a stranger, told in one of two ways.

By words, in a narrow project (one whose prompts consist nearly wholly of words that many of them use): at least
`off_topic_unknown` of the prompt's words are ones that hardly any other prompt has, and where there are vectors it
also lies below the middle of the project's closeness by more than one robust standard deviation.

By vectors, in any project: the mean cosine to the nearest prompts of other wording lies more than `off_topic_spread`
robust standard deviations below the middle, and below 0.45 in itself. In a data set of many subjects the spread is
wide, so that little or nothing is off topic. Strangers that keep each other company are found as long as they are
fewer than `off_topic_neighbours`.

Measured: of `alpaca` and `clinc150`, which are wide, the median prompt is 60 to 67 per cent known words, of the sample
data 100 per cent; the word rule is silent on the first two.
Not covered: an answer that is about something else (`relevance.py`).
"""

import numpy as np
import polars as pl

from pipelines.quality.nearest import EVERY_ROW, nearest, nearest_cosines
from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

FEWEST_EXAMPLES = 50
# A prompt as near as this to its neighbours belongs, however tight the rest is.
NEAR = 0.45
# A word is known that this share of the prompts has (and three of them at least); a project is narrow when the words
# of its median prompt are known to this share.
KNOWN_WORD = 0.005
NARROW = 0.85
FEWEST_WORDS = 3
NOT_WORDS = r"<[^>]*>|\S*//\S*|\S*[(|]\S*"


@scorer(
    name="off_topic",
    title="Off topic",
    dimension="on topic",
    suggests="drop",
    description="The prompt has little to do with all other prompts of the project.",
)
def score_off_topic(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find prompts far from the rest."""
    if examples.height < FEWEST_EXAMPLES:
        return judged(examples, (), ())
    settings = context.settings
    known, words = known_shares(examples["prompt"])
    strange = (words >= FEWEST_WORDS) & (known <= 1 - settings.off_topic_unknown)
    narrow = float(np.median(known)) >= NARROW
    findings = []
    far = np.zeros(examples.height, dtype=bool)
    if context.prompt_vectors is not None:
        closeness = neighbour_similarity(context.prompt_vectors, examples["prompt"], context)
        middle = float(np.median(closeness))
        spread = max(float(np.median(np.abs(closeness - middle))) * 1.4826, 1e-3)
        strange &= closeness < middle - spread
        far = closeness < min(middle - settings.off_topic_spread * spread, NEAR)
        findings += [
            Finding(
                int(row), 0.0, f"The prompt is far from the others: {closeness[row]:.2f} alike, usual {middle:.2f}."
            )
            for row in np.flatnonzero(far)
        ]
    if narrow:
        findings += [
            Finding(int(row), 0.0, f"Few of the prompt's words come elsewhere in the project ({known[row]:.0%}).")
            for row in np.flatnonzero(strange & ~far)
        ]
    return judged(examples, findings)


def known_shares(prompts: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return for each prompt the share of its words that many prompts have, and how many distinct words it has.

    Words are runs of three or more letters, those of markup, addresses and calls aside; a prompt without any has the
    share 1.
    """
    words_alone = pl.col("prompt").str.to_lowercase().str.replace_all(NOT_WORDS, " ")
    fewest = max(3.0, KNOWN_WORD * len(prompts))
    words = (
        pl.DataFrame({"prompt": prompts})
        .with_row_index("row")
        .select("row", word=words_alone.str.extract_all(r"\p{L}{3,}").list.unique())
        .explode("word")
        .drop_nulls("word")
    )
    shares = (
        words.with_columns(holders=pl.len().over("word"))
        .group_by("row")
        .agg(known=(pl.col("holders") >= fewest).mean(), words=pl.len())
    )
    known, counts = np.ones(len(prompts)), np.zeros(len(prompts), dtype=np.int64)
    known[shares["row"].to_numpy()] = shares["known"].to_numpy()
    counts[shares["row"].to_numpy()] = shares["words"].to_numpy()
    return known, counts


def neighbour_similarity(vectors: np.ndarray, prompts: pl.Series, context: ScoringContext) -> np.ndarray:
    """Return the mean cosine of each prompt to its nearest prompts of other wording, as (n,) float32."""
    wording = prompts.str.to_lowercase().str.replace_all(r"[\W\d_]+", " ").rank("dense").to_numpy()
    firsts = np.sort(np.unique(wording, return_index=True)[1])
    count = context.settings.off_topic_neighbours
    if len(firsts) > EVERY_ROW:
        # What is worded alike is as close as the first of its wording.
        order = np.argsort(wording[firsts])
        place = order[np.searchsorted(wording[firsts], wording, sorter=order)]
        cosines = nearest_cosines(vectors[firsts], count)[place]
    else:
        _, cosines = nearest(vectors, vectors[firsts], count, groups=(wording, wording[firsts]))
    closeness: np.ndarray = np.where(np.isfinite(cosines), cosines, 0.0).mean(axis=1)
    return closeness
