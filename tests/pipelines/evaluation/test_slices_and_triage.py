"""Slices, triage and the list of what to collect: planted faults, independent formulas, no findings in noise."""

import json

import numpy as np
import polars as pl
import pytest
from scipy.stats import false_discovery_control, fisher_exact

from pipelines.errors import CurationError
from pipelines.evaluation.collect import collect_next
from pipelines.evaluation.failures import FAILURES, find_failures
from pipelines.evaluation.features import FEATURES, slice_features
from pipelines.evaluation.moved import slices_that_moved
from pipelines.evaluation.score import SCORES
from pipelines.evaluation.slices import SLICES, find_slices
from pipelines.evaluation.triage import triage_failures


def failures(failed: dict[str, list[bool]]) -> pl.DataFrame:
    rows = [
        (variant, f"e{number:04d}", "json_exact", float(not bad), bad)
        for variant, flags in failed.items()
        for number, bad in enumerate(flags)
    ]
    return pl.DataFrame(rows, schema=FAILURES, orient="row")


def features(names: list[str], dimension: str = "task") -> pl.DataFrame:
    rows = [(f"e{number:04d}", dimension, name) for number, name in enumerate(names)]
    return pl.DataFrame(rows, schema=FEATURES, orient="row")


def test_json_answers_fail_unless_exact_and_texts_below_half_of_their_words() -> None:
    rows = [
        ("v", "a", "json_exact", 0.0),
        ("v", "a", "field_accuracy", 0.9),
        ("v", "b", "token_f1", 0.5),
        ("v", "c", "token_f1", 0.49),
        ("v", "c", "bleu", 0.9),
    ]
    found = find_failures(pl.DataFrame(rows, schema=SCORES, orient="row"))
    assert found.select("example_id", "failed").rows() == [("a", True), ("b", False), ("c", True)]
    assert find_failures(pl.DataFrame(schema=SCORES)).is_empty()
    with pytest.raises(CurationError):
        find_failures(pl.DataFrame(schema=SCORES), fail_below=0)


def test_a_bad_slice_is_found_with_fishers_p_corrected_as_scipy_corrects() -> None:
    """Task a fails 15 of 20, b 4 of 40, c 5 of 40."""
    flags = [n < 15 for n in range(20)] + [n < 4 for n in range(40)] + [n < 5 for n in range(40)]
    found = find_slices(failures({"tuned": flags}), features(["a"] * 20 + ["b"] * 40 + ["c"] * 40)).slices
    assert found.filter(pl.col("finding"))["slice"].to_list() == ["a"]
    tables = {"a": [[15, 5], [9, 71]], "b": [[4, 36], [20, 40]], "c": [[5, 35], [19, 41]]}
    wanted = {name: fisher_exact(table, alternative="greater").pvalue for name, table in tables.items()}
    assert dict(found.select("slice", "p_value").rows()) == pytest.approx(wanted)
    corrected = dict(zip(wanted, false_discovery_control(list(wanted.values())), strict=True))
    assert dict(found.select("slice", "q_value").rows()) == pytest.approx(corrected)
    assert "fails on 15 of 20 examples of task 'a'" in found["sentence"][0]


def test_a_slice_where_tuning_made_it_worse_is_found_though_all_fails_more_elsewhere() -> None:
    """On a the base fails nowhere and tuned on 12 of 20; on b both fail on the same 40."""
    tuned = [n < 12 for n in range(20)] + [True] * 40
    base = [False] * 20 + [True] * 40
    found = find_slices(
        failures({"base": base, "tuned": tuned}), features(["a"] * 20 + ["b"] * 40), against=["base"]
    ).slices
    worse = found.filter((pl.col("variant") == "tuned") & (pl.col("kind") == "worse"))
    assert worse.filter(pl.col("finding"))["slice"].to_list() == ["a"]
    assert worse.filter(pl.col("slice") == "a")["p_value"][0] == pytest.approx(0.5**12)


def test_copies_of_one_example_are_one_unit() -> None:
    """Twenty failing copies of one example are one failing unit: too few for a test."""
    groups = pl.DataFrame({"example_id": [f"e{n:04d}" for n in range(20)], "group_id": ["g"] * 20})
    flags = [True] * 20 + [False] * 40
    found = find_slices(failures({"tuned": flags}), features(["a"] * 20 + ["b"] * 40), groups=groups).slices.filter(
        pl.col("slice") == "a"
    )
    assert found.select("n", "units", "p_value", "finding").row(0) == (20, 1, None, False)
    assert "too few for a test" in found["sentence"][0]


def test_noise_has_a_finding_in_about_one_study_of_twenty_at_most() -> None:
    generator = np.random.default_rng(0)
    names = features([f"s{n % 10}" for n in range(200)])
    hits = [
        find_slices(failures({"tuned": (generator.random(200) < 0.3).tolist()}), names).slices["finding"].any()
        for _ in range(100)
    ]
    assert np.mean(hits) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 100)


def test_slices_of_nothing_are_none() -> None:
    assert find_slices(pl.DataFrame(schema=FAILURES), features(["a"])).slices.schema == SLICES
    assert find_slices(failures({"tuned": [True]}), pl.DataFrame(schema=FEATURES)).slices.is_empty()


def test_examples_are_cut_by_length_language_source_cluster_and_tag() -> None:
    prompts = [
        "Wo ist mein Paket? Ich warte auf eine Antwort und das ist nicht in Ordnung.",
        "Hi",
        "one two three " * 9,
    ]
    examples = pl.DataFrame({"example_id": list("abc"), "system": [""] * 3, "prompt": prompts})
    found = slice_features(
        examples,
        clusters=pl.DataFrame({"example_id": ["a"], "title": ["parcel"]}),
        sources=pl.DataFrame({"example_id": ["a", "z"], "source": ["desk", "desk"]}),
        metadata=pl.DataFrame({"example_id": ["a", "b"], "metadata": ['{"channel": "mail", "tags": []}', "{broken"]}),
    )
    mine = {(row["dimension"], row["slice"]) for row in found.filter(pl.col("example_id") == "a").to_dicts()}
    assert {("cluster", "parcel"), ("source", "desk"), ("tag", "channel=mail"), ("language", "de")} <= mine
    lengths = found.filter(pl.col("dimension") == "length")["slice"].to_list()
    assert {text.split(" (")[0] for text in lengths} == {"short prompts", "middling prompts", "long prompts"}
    assert "z" not in found["example_id"]


@pytest.mark.parametrize(("same", "p_value"), [(True, 2 * 0.5**10 - 0.5**10), (False, None)])
def test_a_slice_that_was_mended_has_moved(same: bool, p_value: float | None) -> None:
    """Ten failures of twenty mended, none new: mid-p McNemar on 10 to 0; other examples: Fisher's test."""
    names = features(["a"] * 40)
    before = failures({"tuned": [n < 10 for n in range(20)]})
    after = failures({"tuned": [False] * 20})
    if not same:
        after = after.with_columns(example_id="e" + (20 + pl.int_range(20)).cast(pl.String).str.zfill(4))
    row = slices_that_moved(before, after, names).row(0, named=True)
    wanted = p_value or fisher_exact([[10, 10], [0, 20]]).pvalue
    assert (row["moved"], row["paired"]) == ("better", same)
    assert row["p_value"] == pytest.approx(wanted)
    still = slices_that_moved(before, before, names).row(0, named=True)
    assert (still["moved"], still["p_value"]) == ("no evidence", 1.0)


TRAIN = pl.DataFrame(
    {
        "example_id": ["t0", "t1", "t2", "t3", "t4", "t5"],
        "prompt": ["p"] * 6,
        "completion": ["open at nine", "open at nine", "open at ten", "blue", "blue", "red"],
    }
)
# Two directions a topic: hours (t0 to t2), colours (t3 to t5).
TRAIN_VECTORS = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]], np.float32)


def triage_one(output: str, reference: str, vector: list[float], **more: object) -> tuple[str, pl.DataFrame]:
    failed = pl.DataFrame({"example_id": ["f"], "prompt": ["p"], "reference": [reference], "output": [output]})
    found = triage_failures(
        failed,
        TRAIN,
        failed_vectors=np.array([vector], np.float32),
        train_vectors=TRAIN_VECTORS,
        **more,  # type: ignore[arg-type]
    )
    return found.triage["cause"][0], found.evidence


def test_failures_are_sorted_by_what_is_near_them() -> None:
    assert triage_one("anything", "else", [0, 0, 1])[0] == "gap"
    assert triage_one("open at nine", "open at ten", [1, 0, 0])[0] == "inconsistency"
    assert triage_one("open at nine", "open at six", [1, 0, 0])[0] == "bad data"
    assert triage_one("closed", "blue", [0, 1, 0])[0] == "capacity or training"
    assert triage_one("closed", "blue", [0, 1, 0], conflicting={"t4"})[0] == "inconsistency"


def test_the_evidence_names_neighbours_by_rank_and_what_they_speak_for() -> None:
    _, evidence = triage_one("open at nine", "open at ten", [1, 0, 0])
    assert evidence.select("rank", "neighbour_id", "near", "agrees_with").rows() == [
        (1, "t0", True, "output"),
        (2, "t1", True, "output"),
        (3, "t2", True, "reference"),
        (4, "t3", False, "neither"),
        (5, "t4", False, "neither"),
    ]


def test_without_training_examples_everything_is_a_gap() -> None:
    failed = pl.DataFrame({"example_id": ["f"], "prompt": ["p"], "reference": ["r"], "output": ["o"]})
    nothing = np.zeros((0, 3), np.float32)
    found = triage_failures(failed, TRAIN.clear(), failed_vectors=np.ones((1, 3), np.float32), train_vectors=nothing)
    assert found.triage["cause"].to_list() == ["gap"]
    assert triage_failures(failed.clear(), TRAIN, failed_vectors=nothing, train_vectors=TRAIN_VECTORS).triage.is_empty()
    with pytest.raises(CurationError):
        triage_failures(failed, TRAIN, failed_vectors=nothing, train_vectors=TRAIN_VECTORS)


def test_gaps_and_failing_slices_share_one_list_by_volume_times_severity() -> None:
    """Billing: 40 % of queries, half unmet (ratio 2) = 0.2; parcels: 30 % * 0.9 failing = 0.27; German: 10 % * 0.5."""
    gaps = pl.DataFrame(
        {
            "title": ["billing"],
            "ratio": [2.0],
            "production_share": [0.4],
            "train_count": [12],
            "collect": [30],
            "examples": [json.dumps(["Where is my bill?"])],
        }
    )
    flags = [True] * 18 + [False] * 2 + [True] * 10 + [False] * 10 + [False] * 60
    names = ["parcels"] * 20 + ["x"] * 80
    slices = pl.concat(
        [
            find_slices(failures({"tuned": flags}), features(names, "cluster")).slices.filter(pl.col("finding")),
            find_slices(
                failures({"tuned": [True] * 10 + [False] * 90}), features(["de"] * 20 + ["en"] * 80, "language")
            ).slices,
        ]
    )
    found = collect_next(
        gaps,
        slices,
        volumes={("cluster", "parcels"): 0.3, ("language", "de"): 0.1},
        trained={("cluster", "parcels"): 200},
        queries={("cluster", "parcels"): ["Where is it?"]},
    )
    assert found.select("place", "slice", "kind", "collect").rows() == [
        (1, "parcels", "failing slice", 180),
        (2, "billing", "gap", 30),
        (3, "de", "failing slice", 10),
    ]
    assert found["priority"].to_list() == pytest.approx([0.27, 0.2, 0.05])
    assert found["queries"].to_list() == [["Where is it?"], ["Where is my bill?"], []]
