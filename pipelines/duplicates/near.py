"""Near-duplicates: pairs whose shingles overlap, every one verified by its true Jaccard similarity.

    shingles -> rows of equal shingles collapsed -> MinHash bands give candidates -> true Jaccard of each candidate

The text of an example is its prompt and its completion. All texts are compared by word shingles; short ones also by
character shingles, since there one changed word changes most word shingles. A pair's similarity is the larger of both.

No pair below the threshold is ever reported. A pair at the threshold or above is missed with a chance below
`1 - band_recall`, less the more alike it is; in buckets of more than 64 rows (`minhash.WHOLE_BUCKET`) not every pair is
looked at. Of rows with equal shingles all pairs are reported up to ten rows, beyond that those with the first row.

Source: shingles and resemblance, Broder 1997; thresholds and shingle sizes, see `settings.py`.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.classes import CLASSES, classes_of, first_rows, spread_pairs
from pipelines.duplicates.minhash import Pairs, Signatures, band_rows, candidate_pairs, minhash_signatures
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.duplicates.shingles import Shingles, character_shingles, word_shingles
from pipelines.progress import Progress, no_progress, part_of

PAIRS = pl.Schema({"example_a": pl.String, "example_b": pl.String, "similarity": pl.Float64})
# A candidate whose signatures put it this far below the threshold is not worth counting: four and more standard errors.
ESTIMATE_MARGIN = 0.25
# Candidates whose shingles are counted in one go.
BATCH = 100_000


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
    texts = (examples["prompt"] + "\n" + examples["completion"]).rename("text")
    progress(0.0, f"Cutting {len(texts):,} texts into shingles")
    words, counts = word_shingles(texts, settings.shingle_words)
    found = _similar_rows(words, settings, progress=part_of(progress, 0.2, 0.8))
    short = pl.Series("row", np.flatnonzero(counts <= settings.short_words))
    if len(short):
        progress(0.8, f"Comparing {len(short):,} short texts by their characters")
        characters = character_shingles(texts.gather(short), settings.shingle_characters)
        more = _similar_rows(characters, settings, progress=part_of(progress, 0.8, 1.0))
        more = more.with_columns(a=short.gather(more["a"]), b=short.gather(more["b"]))
        found = pl.concat([found, more]).group_by("a", "b").agg(pl.col("similarity").max()).sort("a", "b")
    progress(1.0, f"Found {len(found):,} near-duplicate pairs")
    ids = examples["example_id"]
    return pl.DataFrame(
        {"example_a": ids.gather(found["a"]), "example_b": ids.gather(found["b"]), "similarity": found["similarity"]},
        schema=PAIRS,
    )


def jaccard(shingles: Shingles, pairs: Pairs) -> NDArray[np.float64]:
    """Return the true Jaccard similarity of the shingle sets of each pair of rows; 0 where both are empty."""
    rows, places = np.unique(pairs, return_inverse=True)
    sets = _as_sets(shingles.rows(rows))
    places = places.reshape(pairs.shape)
    result = np.zeros(len(pairs), dtype=np.float64)
    for start in range(0, len(pairs), BATCH):
        part = places[start : start + BATCH]
        sizes = sets.counts[part]
        owner = np.repeat(np.arange(len(part), dtype=np.uint64), sizes.sum(axis=1))
        both = sets.rows(part.reshape(-1)).hashes
        keys = np.sort((owner << np.uint64(32)) | both)
        shared = np.bincount((keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64), minlength=len(part))
        union = sizes.sum(axis=1) - shared
        result[start : start + BATCH] = np.where(union > 0, shared / np.maximum(union, 1), 0.0)
    return result


def _similar_rows(shingles: Shingles, settings: DuplicateSettings, *, progress: Progress) -> pl.DataFrame:
    """Return the pairs of rows at the threshold or above: columns of `ROW_PAIRS`."""
    classes = _classes(shingles)
    distinct = shingles.rows(first_rows(classes).to_numpy())
    progress(0.1, f"Signing {len(distinct.counts):,} distinct texts")
    signatures = minhash_signatures(
        distinct.hashes.astype(np.uint32), distinct.offsets, permutations=settings.permutations, seed=settings.seed
    )
    progress(0.5, "Looking for candidates")
    places = band_rows(settings.near_threshold, settings.permutations, settings.band_recall)
    candidates = _promising(candidate_pairs(signatures, places), signatures, settings.near_threshold)
    progress(0.7, f"Verifying {len(candidates):,} candidates")
    verified = pl.DataFrame(
        {"left": candidates[:, 0], "right": candidates[:, 1], "similarity": jaccard(distinct, candidates)},
        schema={"left": pl.Int64, "right": pl.Int64, "similarity": pl.Float64},
    )
    return spread_pairs(classes, verified.filter(pl.col("similarity") >= settings.near_threshold))


def _promising(candidates: Pairs, signatures: Signatures, threshold: float) -> Pairs:
    """Drop candidates whose signatures agree in far fewer places than the threshold asks for."""
    kept = np.ones(len(candidates), dtype=bool)
    for start in range(0, len(candidates), BATCH):
        part = candidates[start : start + BATCH]
        agree = (signatures[part[:, 0]] == signatures[part[:, 1]]).mean(axis=1)
        kept[start : start + BATCH] = agree >= threshold - ESTIMATE_MARGIN
    return candidates[kept]


def _classes(shingles: Shingles) -> pl.DataFrame:
    """Group rows whose shingles are equal, repeats counted, by count and two sums of hashes; leave empty rows out."""
    filled = np.flatnonzero(shingles.counts)
    if not len(filled):
        return CLASSES.to_frame()
    starts = shingles.offsets[filled]
    first = np.add.reduceat(shingles.hashes, starts)
    second = np.add.reduceat(shingles.hashes * (shingles.hashes | np.uint64(1)), starts)
    return classes_of(pl.DataFrame({"row": filled, "n": shingles.counts[filled], "one": first, "two": second}))


def _as_sets(shingles: Shingles) -> Shingles:
    """Number the shingles from 0 (at most 2^32 of them) and remove repeats within a row."""
    ids = np.unique(shingles.hashes, return_inverse=True)[1].astype(np.uint64)
    owner = np.repeat(np.arange(len(shingles.counts), dtype=np.uint64), shingles.counts)
    keys = np.unique((owner << np.uint64(32)) | ids)
    counts = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(shingles.counts))
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return Shingles(keys & np.uint64(0xFFFFFFFF), offsets)
