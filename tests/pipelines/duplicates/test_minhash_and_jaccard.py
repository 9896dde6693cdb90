"""Signatures, bands and Jaccard against datasketch and brute force."""

import itertools
import re

import numpy as np
import polars as pl
import pytest
from datasketch import MinHash, MinHashLSH
from datasketch.hashfunc import sha1_hash32

from pipelines.duplicates.bands import WHOLE_BUCKET, candidate_pairs
from pipelines.duplicates.minhash import band_rows, minhash_signatures, sketch_rows
from pipelines.duplicates.near import find_near_duplicates, jaccard
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.duplicates.shingles import character_shingles, word_shingles
from pipelines.examples import examples_frame

WORDS = [f"word{number}" for number in range(40)]


def edited_texts(seed: int, count: int = 60) -> list[str]:
    """Random texts of 17 to 40 words, each followed by copies with a few words replaced."""
    generator = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        words = list(generator.choice(WORDS, size=generator.integers(17, 40)))
        texts.append(" ".join(words))
        for _ in range(3):
            copy = list(words)
            for place in generator.choice(len(copy), size=generator.integers(1, 6), replace=False):
                copy[place] = str(generator.choice(WORDS))
            texts.append(" ".join(copy))
    return texts


def word_set(text: str, size: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + size]) for at in range(max(len(words) - size + 1, 1))} if words else set()


def brute_pairs(sets: list[set[tuple[str, ...]]], threshold: float) -> dict[tuple[int, int], float]:
    pairs = {}
    for (i, one), (j, other) in itertools.combinations(enumerate(sets), 2):
        if one | other and len(one & other) / len(one | other) >= threshold:
            pairs[i, j] = len(one & other) / len(one | other)
    return pairs


@pytest.mark.parametrize(("permutations", "seed"), [(128, 1), (64, 7)])
def test_signatures_equal_those_of_datasketch_value_by_value(permutations: int, seed: int) -> None:
    rows = [{f"{row}-{number}".encode() for number in range(row % 40)} for row in range(120)]
    hashes = np.array([sha1_hash32(shingle) for row in rows for shingle in row], dtype=np.uint32)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    ours = minhash_signatures(hashes, offsets, permutations=permutations, seed=seed)
    for row, signature in zip(rows, ours, strict=True):
        stock = MinHash(num_perm=permutations, seed=seed)
        stock.update_batch(row)
        np.testing.assert_array_equal(signature, stock.hashvalues)


def test_signatures_do_not_depend_on_how_rows_fall_into_blocks() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint32)
    offsets = np.array([0, 10, 150_000, 150_000, 199_990, 200_000], dtype=np.int64)
    ours = minhash_signatures(hashes, offsets, permutations=16, seed=1)
    for row in (0, 1, 3, 4):
        alone = hashes[offsets[row] : offsets[row + 1]]
        single = minhash_signatures(alone, np.array([0, len(alone)]), permutations=16, seed=1)
        np.testing.assert_array_equal(ours[row], single[0])
    assert (ours[2] == 2**32 - 1).all()


def test_candidates_equal_those_of_datasketch_lsh_with_the_same_bands() -> None:
    shingles, _ = word_shingles(pl.Series(edited_texts(3)), 2)
    signatures = minhash_signatures(shingles.hashes.astype(np.uint32), shingles.offsets, permutations=128, seed=1)
    index = MinHashLSH(num_perm=128, params=(32, 4))
    stock = [MinHash(num_perm=128, seed=1, hashvalues=row, scheme="affine32") for row in signatures]
    for row, signature in enumerate(stock):
        index.insert(row, signature)
    expected = {
        (min(row, other), max(row, other))
        for row, signature in enumerate(stock)
        for other in index.query(signature)
        if other != row
    }
    sketches = sketch_rows(shingles.hashes, shingles.offsets, permutations=128, seed=1, places=4)
    assert {tuple(pair) for pair in candidate_pairs(sketches).tolist()} == expected


def test_a_bucket_beyond_the_limit_gives_a_bounded_number_of_candidates_and_joins_every_row_to_the_first() -> None:
    crowd = sketch_rows(np.ones(1_000, np.uint32), np.arange(1_001), permutations=16, seed=1, places=4)
    pairs = candidate_pairs(crowd)
    assert len(pairs) < 1_000 * 20
    assert {row for first, row in pairs.tolist() if first == 0} == set(range(1, 1_000))
    few = sketch_rows(np.ones(WHOLE_BUCKET, np.uint32), np.arange(WHOLE_BUCKET + 1), permutations=16, seed=1, places=4)
    small = candidate_pairs(few)
    assert len(small) == WHOLE_BUCKET * (WHOLE_BUCKET - 1) // 2


def test_bands_reach_the_recall_with_the_most_places() -> None:
    # 192 places at 0.6: 48 bands of 4 give 1 - (1 - 0.1296)^48 = 0.9987; 38 bands of 5 give 1 - (1 - 0.0778)^38 = 0.954
    assert band_rows(0.6, 192, 0.995) == 4
    assert band_rows(1.0, 192, 0.995) == 192


def test_jaccard_equals_brute_force() -> None:
    texts = [*edited_texts(5, count=20), "", "one", "one one", "a b a b a b", "b a b"]
    shingles, _ = word_shingles(pl.Series(texts), 2)
    pairs = np.array(list(itertools.combinations(range(len(texts)), 2)))
    sets = [word_set(text, 2) for text in texts]
    expected = [len(sets[i] & sets[j]) / max(len(sets[i] | sets[j]), 1) for i, j in pairs]
    np.testing.assert_allclose(jaccard(shingles, pairs), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("threshold", [0.4, 0.6, 0.8, 1.0])
def test_near_pairs_are_those_of_brute_force_and_none_is_below_the_threshold(threshold: float) -> None:
    texts = edited_texts(11)
    examples = examples_frame([[{"role": "user", "content": text}] for text in texts])
    settings = DuplicateSettings(near_threshold=threshold, short_words=0)
    found = find_near_duplicates(examples, settings)
    row_of = {example: row for row, example in enumerate(examples["example_id"])}
    ours = {(row_of[one], row_of[other]): share for one, other, share in found.iter_rows()}
    truth = brute_pairs([word_set(text, 2) for text in texts], threshold)
    assert set(ours) <= set(truth)
    assert len(ours) >= 0.99 * len(truth)
    assert all(abs(ours[pair] - truth[pair]) < 1e-12 for pair in ours)


def test_words_are_found_in_scripts_with_and_without_spaces() -> None:
    _, counts = word_shingles(pl.Series(["Don't stop, Ödön!", "日本語 text", "ภาษา", "!!!", "", "naïve café"]), 2)
    assert counts.tolist() == [4, 4, 4, 0, 0, 2]


def test_character_shingles_ignore_case_and_punctuation() -> None:
    shingles = character_shingles(pl.Series(["Hello, World!", "hello world", "héllo", "ab", ""]), 4)
    assert shingles.counts.tolist() == [8, 8, 2, 1, 0]
    np.testing.assert_array_equal(shingles.hashes[:8], shingles.hashes[8:16])
