"""The certificate finds what brute force finds, and says how much it would find."""

import itertools
import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.splitting.certificate import certify_split
from pipelines.splitting.cosine import cosine_pairs
from pipelines.splitting.links import link_examples
from pipelines.splitting.settings import CertificateSettings
from pipelines.splitting.split import split_examples

TEXT = """
where when how is my the order parcel lamp chair return refund please today now late broken
"""
WORDS = TEXT.split()
SETTINGS = CertificateSettings(short_words=4, planted=20, closest=15)


@pytest.fixture
def mixed(examples_of) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """90 examples of few words, placed at random, so that there are leaks of every kind."""
    random = np.random.default_rng(3)
    pairs = [
        (" ".join(random.choice(WORDS, random.integers(1, 7))), "an answer of many words " * int(random.integers(1, 5)))
        for _ in range(90)
    ]
    examples = examples_of(pairs).unique("example_id").sort("example_id").sample(fraction=1, shuffle=True, seed=1)
    assignments = examples.select(
        "example_id",
        split=pl.Series(random.choice(["train", "validation", "test"], examples.height)),
        group_id=pl.Series([f"g{i}" for i in random.integers(0, 80, examples.height)]),
    )
    vectors = random.normal(size=(examples.height, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return examples, assignments, vectors


def test_every_check_agrees_with_brute_force(mixed, brute_force, bigrams, fold):
    examples, assignments, vectors = mixed
    certificate = certify_split(examples, assignments, vectors=vectors, settings=SETTINGS)
    table = examples.with_columns(vector=pl.Series(vectors.tolist())).join(assignments, on="example_id")
    rows = {name: table.filter(pl.col("split") == name).to_dicts() for name in ("train", "validation", "test")}

    def long_equal(a: dict, b: dict) -> float:
        return float(fold(a["completion"]) == fold(b["completion"]) and len(fold(a["completion"])) >= 60)

    pairs_of = {
        row["example_id"]: bigrams(f"{row['prompt']}\n{row['completion']}") for row in itertools.chain(*rows.values())
    }
    holders = Counter(pair for pairs in pairs_of.values() for pair in pairs)
    # About ninety examples: a word pair in more than ten of them is the template's, one in a single one tells nothing.
    kept = {name: {pair for pair in pairs if 2 <= holders[pair] <= 10} for name, pairs in pairs_of.items()}

    def rare(a: dict, b: dict) -> float:
        left, right = kept[a["example_id"]], kept[b["example_id"]]
        share = len(left & right) / max(min(len(left), len(right)), 1)
        return share if len(left & right) >= 3 and share >= 0.5 else 0.0

    measures = {
        "rare": (rare, 0.5),
        "group": (lambda a, b: float(a["group_id"] == b["group_id"]), 1.0),
        "exact": (lambda a, b: float(fold(a["prompt"]) == fold(b["prompt"])), 1.0),
        "completion": (long_equal, 1.0),
        "near": (lambda a, b: brute_force(a["prompt"], b["prompt"]), 0.7),
        "cosine": (lambda a, b: float(np.dot(a["vector"], b["vector"])), 0.95),
    }
    assert len(certificate.checks) == 18
    everything, found_rare = [], 0
    for row in certificate.checks:
        measure, threshold = measures[row.measure]
        values = {
            (a["example_id"], b["example_id"]): measure(a, b)
            for a, b in itertools.product(rows[row.split_a], rows[row.split_b])
        }
        assert row.pairs_checked == len(values)
        assert row.threshold == threshold
        assert row.found == sum(value >= threshold - 1e-9 for value in values.values())
        highest = max(values.values())
        assert row.highest == pytest.approx(highest, abs=1e-6) if highest >= 0.3 else row.highest is None
        assert row.decisive == (row.measure in ("group", "exact", "near"))
        found_rare += row.found if row.measure == "rare" else 0
        if row.measure in ("near", "rare"):
            bands = np.histogram([value for value in values.values() if value >= 0.3 - 1e-9], 10, (0.0, 1.0))[0]
            mine = [
                band
                for band in certificate.histograms
                if (band["split_a"], band["split_b"], band["measure"]) == (row.split_a, row.split_b, row.measure)
            ]
            assert [band["pairs"] for band in mine] == [bands.tolist()]
        if row.measure in ("near", "cosine"):
            everything += list(values.values())
    assert certificate.closest["similarity"].to_list() == pytest.approx(sorted(everything, reverse=True)[:15], abs=1e-6)
    for pair in certificate.closest.iter_rows(named=True):
        a, b = (
            table.row(by_predicate=pl.col("example_id") == pair[key], named=True) for key in ("example_a", "example_b")
        )
        assert (a["split"], b["split"]) == (pair["split_a"], pair["split_b"])
        assert measures[pair["measure"]][0](a, b) == pytest.approx(pair["similarity"], abs=1e-6)
    assert found_rare > 0
    assert not certificate.passed


def test_the_order_of_rows_does_not_matter(mixed):
    examples, assignments, vectors = mixed
    order = np.random.default_rng(0).permutation(examples.height)
    one = certify_split(examples, assignments, vectors=vectors, settings=SETTINGS)
    other = certify_split(examples[order], assignments.reverse(), vectors=vectors[order], settings=SETTINGS)
    assert one.to_json() == other.to_json()


def test_a_split_by_links_passes_and_a_planted_leak_fails(examples_of):
    random = np.random.default_rng(5)
    prompts = [" ".join(f"{random.choice(WORDS)}{random.integers(9)}" for _ in range(12)) for _ in range(200)]
    prompts += [f"{prompt} thanks" for prompt in prompts[:40]]
    examples = examples_of([(prompt, str(i)) for i, prompt in enumerate(prompts)])
    links = link_examples(examples)
    split = split_examples(examples, links.links.select("example_id", "group_id"))
    certificate = certify_split(examples, split.assignments)
    assert certificate.passed
    assert not any(row.found for row in certificate.checks)
    near = certificate.power["near"]
    assert near["planted"] > 200
    assert near["found"] > 0.9
    assert near["by_edit"]["case and white space"] == 1.0
    assert certificate.power["exact"]["by_edit"]["typo"] == 0.0

    parted = split.assignments.with_columns(
        split=pl.when(pl.col("example_id") == examples["example_id"][0])
        .then(pl.lit("test"))
        .when(pl.col("example_id") == examples["example_id"][200])
        .then(pl.lit("train"))
        .otherwise("split")
    )
    leaking = certify_split(examples, parted)
    assert not leaking.passed
    found = {(row.split_b, row.measure): row.found for row in leaking.checks if row.split_a == "train"}
    assert found["test", "near"] == 1
    assert found["test", "group"] == 1
    assert set(leaking.closest.row(0)[:2]) == {examples["example_id"][0], examples["example_id"][200]}


class LetterEncoder:
    """Counts letters: a case or an order of words changes nothing."""

    name = "letters"
    dimension = 26

    def encode(self, texts: Sequence[str], *, progress: object = None) -> np.ndarray:
        counts = np.array([[text.lower().count(chr(97 + i)) + 1e-6 for i in range(26)] for text in texts], np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_the_power_of_the_cosine_is_measured_with_an_encoder(mixed):
    examples, assignments, vectors = mixed
    power = certify_split(examples, assignments, vectors=vectors, encoder=LetterEncoder(), settings=SETTINGS).power
    assert set(power) == {"exact", "near", "cosine"}
    assert power["cosine"]["by_edit"]["two words swapped"] == 1.0


def test_it_is_json_and_empty_splits_are_left_out(mixed):
    examples, assignments, _ = mixed
    certificate = certify_split(examples, assignments.filter(pl.col("split") != "validation"), settings=SETTINGS)
    assert {(row.split_a, row.split_b) for row in certificate.checks} == {("train", "test")}
    assert json.loads(json.dumps(certificate.to_json(), allow_nan=False))["passed"] is False
    nothing = certify_split(examples, assignments.clear())
    assert (nothing.checks, nothing.passed, nothing.power) == ([], False, {})


def test_what_does_not_fit_is_refused(mixed):
    examples, assignments, vectors = mixed
    with pytest.raises(CurationError, match="vectors for"):
        certify_split(examples, assignments, vectors=vectors[1:])
    with pytest.raises(CurationError, match="assigned examples are missing"):
        certify_split(examples[1:], assignments)


def test_above_the_limit_the_cosine_looks_at_a_part_of_the_held_out_prompts_and_says_so(mixed):
    examples, assignments, vectors = mixed
    sizes = dict(assignments.group_by("split").len().iter_rows())
    most = 3 * sizes["train"] + 1
    part = certify_split(examples, assignments, vectors=vectors, settings=CertificateSettings(cosine_pairs=most))
    row = next(row for row in part.checks if (row.measure, row.split_a, row.split_b) == ("cosine", "train", "test"))
    assert row.pairs_checked == 3 * sizes["train"]
    rows = {example_id: vectors[place] for place, example_id in enumerate(examples["example_id"])}
    train, test = (
        np.stack([rows[i] for i in assignments.filter(pl.col("split") == side)["example_id"].sort()])
        for side in ("train", "test")
    )
    cosines = train @ test[:3].T
    assert row.highest == pytest.approx(min(cosines.max(), 1.0), abs=1e-6)
    assert row.found == int((cosines >= row.threshold).sum())
    others = [row for row in part.checks if row.measure != "cosine"]
    whole = certify_split(examples, assignments, vectors=vectors)
    assert others == [row for row in whole.checks if row.measure != "cosine"]


@pytest.mark.parametrize("count", [0, 1, 7, 5_000])
def test_the_nearest_pairs_are_those_of_a_full_sort(count):
    generator = np.random.default_rng(count)
    left, right = (generator.integers(-2, 3, (size, 4)).astype(np.float32) for size in (2_500, 30))
    left, right = (side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1) for side in (left, right))
    _, found, _ = cosine_pairs(left, right, 0.9, count)
    value = np.minimum((left @ right.T).astype(np.float64), 1.0).ravel()
    assert np.allclose(found.similarity, np.sort(value)[::-1][:count], atol=1e-6)
    assert len({*zip(found.left.tolist(), found.right.tolist(), strict=True)}) == len(found.left)
    assert np.allclose((left[found.left] * right[found.right]).sum(axis=1), found.similarity, atol=1e-6)
