"""Near-duplicates: pairs whose shingles overlap, every one verified by its true Jaccard similarity.

    shingles -> rows of equal shingles collapsed -> MinHash bands give candidates -> true Jaccard of each candidate

The text of an example is its prompt and its completion. All texts are compared by word shingles; short ones also by
character shingles, since there one changed word changes most word shingles. A pair's similarity is the larger of both.

No pair below the threshold is ever reported. A pair at the threshold or above is missed with a chance below
`1 - band_recall`, less the more alike it is; where more than 64 rows share a bucket, or one row meets more than 64
others (`bands.WHOLE_BUCKET`), it is looked at beside the most alike ones only. Of rows with equal shingles all pairs
are reported up to ten rows, beyond that those with the first row.

Source: shingles and resemblance, Broder 1997; thresholds and shingle sizes, see `settings.py`.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.bands import candidate_pairs
from pipelines.duplicates.classes import classes_of, first_rows, spread_pairs
from pipelines.duplicates.minhash import Pairs, Sketches, band_rows, sketch_rows
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.duplicates.shingles import Shingles, character_shingles, word_shingles
from pipelines.progress import Progress, no_progress, part_of

PAIRS = pl.Schema({"example_a": pl.String, "example_b": pl.String, "similarity": pl.Float64})
CLASS_KEYS = pl.Schema({"row": pl.Int64, "n": pl.Int64, "one": pl.UInt64, "two": pl.UInt64})
# A candidate whose signatures put it this far below the threshold is not worth counting: four standard errors of an
# estimate from 64 places.
ESTIMATE_MARGIN = 0.25
# Shingles and pairs that are counted in one go.
BATCH_SHINGLES, BATCH_PAIRS = 1 << 21, 1 << 14
ONE = np.uint64(1)


def find_near_duplicates(
    examples: pl.DataFrame, settings: DuplicateSettings | None = None, *, progress: Progress = no_progress
) -> pl.DataFrame:
    """Find the pairs of examples that say nearly the same in nearly the same words.

    Args:
        examples: with `example_id`, `prompt` and `completion`; where buckets are large, earlier rows are compared with
            more others, so rows that should be kept come first.
        settings: threshold, shingles and signatures.
        progress: is told the steps.

    Returns:
        Columns of `PAIRS`, the earlier row of `examples` as `example_a`, sorted by row; no guards applied yet.
    """
    settings = settings or DuplicateSettings()
    texts = compared_text(examples)
    progress(0.0, f"Cutting {len(texts):,} texts into shingles")
    words, counts = word_shingles(texts, settings.shingle_words)
    found = _similar_rows(words, settings, progress=part_of(progress, 0.2, 0.8))
    short = pl.Series("row", np.flatnonzero(counts <= settings.short_words))
    if len(short):
        progress(0.8, f"Comparing {len(short):,} short texts by their characters")
        characters = character_shingles(texts.gather(short), settings.shingle_characters)
        more = _similar_rows(characters, settings, progress=part_of(progress, 0.8, 1.0))
        more = more.with_columns(a=short.gather(more["a"]), b=short.gather(more["b"]))
        found = larger_similarity(pl.concat([found, more]))
    progress(1.0, f"Found {len(found):,} near-duplicate pairs")
    ids = examples["example_id"]
    return pl.DataFrame(
        {"example_a": ids.gather(found["a"]), "example_b": ids.gather(found["b"]), "similarity": found["similarity"]},
        schema=PAIRS,
    )


def larger_similarity(pairs: pl.DataFrame) -> pl.DataFrame:
    """Keep each pair of rows `a`, `b` once, with the larger of its similarities; sorted."""
    return pairs.group_by("a", "b").agg(pl.col("similarity").max()).sort("a", "b")


def compared_text(examples: pl.DataFrame) -> pl.Series:
    """Return the text of each example that is cut into shingles."""
    return (examples["prompt"] + "\n" + examples["completion"]).rename("text")


def jaccard(shingles: Shingles, pairs: Pairs) -> NDArray[np.float64]:
    """Return the true Jaccard similarity of the shingle sets of each pair of rows; 0 where both are empty.

    The shingles of a batch of pairs are sorted by pair, hash and side. Then distinct numbers are the two sets' sizes
    together, and distinct numbers without the side are their union's size. Of a hash at least 49 bits count, so that
    two shingles of a pair of 1,000 are taken for one with a chance of one in a billion.
    """
    counts = shingles.counts[pairs].sum(axis=1)
    result = np.zeros(len(pairs), dtype=np.float64)
    start, ends = 0, np.cumsum(counts)
    while start < len(pairs):
        full = int(np.searchsorted(ends, ends[start] - counts[start] + BATCH_SHINGLES, side="right"))
        end = min(max(full, start + 1), start + BATCH_PAIRS)
        result[start:end] = _jaccard_of_batch(shingles, pairs[start:end])
        start = end
    return result


def _jaccard_of_batch(shingles: Shingles, pairs: Pairs) -> NDArray[np.float64]:
    both = shingles.rows(pairs.reshape(-1))
    shift = np.uint64(64 - max(len(pairs) - 1, 1).bit_length())
    # The pair's number above, the upper bits of the hash in the middle, the side in the lowest bit.
    side = np.arange(2 * len(pairs), dtype=np.uint64)
    tag = ((side >> ONE) << shift) | (side & ONE)
    keys = np.sort(((both.hashes >> (np.uint64(64) - shift)) & ~ONE) | np.repeat(tag, both.counts))
    distinct = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=distinct[1:])
    keys = keys[distinct]
    places = np.searchsorted(keys >> shift, np.arange(len(pairs) + 1, dtype=np.uint64))
    again = np.zeros(len(keys) + 1, dtype=np.int64)  # shingles of both sides stand next to each other
    np.cumsum((keys[1:] | ONE) == (keys[:-1] | ONE), out=again[2:])
    shared = again[places[1:]] - again[places[:-1]]
    union = np.diff(places) - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 0.0)


def _similar_rows(shingles: Shingles, settings: DuplicateSettings, *, progress: Progress) -> pl.DataFrame:
    """Return the pairs of rows at the threshold or above: columns of `ROW_PAIRS`."""
    classes = classes_of(class_keys(shingles))
    first = first_rows(classes).to_numpy()
    distinct = shingles if len(first) == len(shingles.counts) else shingles.rows(first)
    progress(0.1, f"Signing {len(first):,} distinct texts")
    sketches = sketches_of(distinct, settings)
    progress(0.5, "Looking for candidates")
    candidates = likely_pairs(candidate_pairs(sketches), sketches, settings)
    progress(0.7, f"Verifying {len(candidates):,} candidates")
    verified = pl.DataFrame(
        {"left": candidates[:, 0], "right": candidates[:, 1], "similarity": jaccard(distinct, candidates)},
        schema={"left": pl.Int64, "right": pl.Int64, "similarity": pl.Float64},
    )
    return spread_pairs(classes, verified.filter(pl.col("similarity") >= settings.near_threshold))


def sketches_of(shingles: Shingles, settings: DuplicateSettings) -> Sketches:
    """Sign the rows of shingles as the settings say."""
    places = band_rows(settings.near_threshold, settings.permutations, settings.band_recall)
    return sketch_rows(
        shingles.hashes, shingles.offsets, permutations=settings.permutations, seed=settings.seed, places=places
    )


def likely_pairs(candidates: Pairs, sketches: Sketches, settings: DuplicateSettings) -> Pairs:
    """Leave out the candidates that are surely below the threshold, by their signatures."""
    return candidates[sketches.agreement(candidates) >= settings.near_threshold - ESTIMATE_MARGIN]


def class_keys(shingles: Shingles) -> pl.DataFrame:
    """Return what is equal in rows of equal shingles, repeats counted: `row`, `n` and two sums of hashes, `one`, `two`.

    Rows without shingles are left out.
    """
    filled = np.flatnonzero(shingles.counts)
    if not len(filled):
        return CLASS_KEYS.to_frame()
    starts = shingles.offsets[filled]
    first = np.add.reduceat(shingles.hashes, starts)
    second = np.add.reduceat(shingles.hashes * (shingles.hashes | ONE), starts)
    return pl.DataFrame({"row": filled, "n": shingles.counts[filled], "one": first, "two": second})
