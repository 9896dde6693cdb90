"""Every planted fault of the sample data against its detector: recall and precision, through the real stages.

No vectors are used here (7,000 prompts would take minutes to embed): the stages then compare equal questions only and
judge labels by words. The floor lies a little below what is measured.
"""

import json
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from pipelines.examples import examples_frame
from pipelines.quality.conflicts import MAJORITY, find_conflicts
from pipelines.quality.personal_data import find_personal_data
from pipelines.quality.score import score_examples
from pipelines.quality.suggest import suggest

SAMPLE = Path(__file__).parents[3] / "sample_data"

Faults = dict[str, set[str]]
# Recall and precision that every detector holds.
FLOOR = 0.95


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    lines = (SAMPLE / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return examples_frame([json.loads(line)["messages"] for line in lines])


@pytest.fixture(scope="module")
def faults(examples: pl.DataFrame) -> Faults:
    """Return the faults of each example; a wrong label planted as a conflict is both, its partner is marked."""
    ids = examples["example_id"]
    found: Faults = defaultdict(set)
    for line in (SAMPLE / "answer_key.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["file"] != "train.jsonl":
            continue
        example_id = ids[entry["line"] - 1]
        found[example_id].add(entry["fault"])
        if entry["fault"] == "conflicting-answer":
            found[ids[entry["details"]["of_line"] - 1]].add("conflict-partner")
    return found


@pytest.fixture(scope="module")
def findings(examples: pl.DataFrame) -> pl.DataFrame:
    return score_examples(examples).findings


@pytest.fixture(scope="module")
def conflicts(examples: pl.DataFrame) -> pl.DataFrame:
    return find_conflicts(examples).conflicts


def check(found: set[str], faults: Faults, fault: str, *also: str) -> None:
    """Hold what was found to what was planted; faults in `also` are no false alarms."""
    planted = {example_id for example_id, kinds in faults.items() if fault in kinds}
    right = {example_id for example_id in found if faults.get(example_id, set()) & {fault, *also}}
    assert len(found & planted) >= FLOOR * len(planted)
    assert len(right) >= FLOOR * len(found)


@pytest.mark.parametrize(
    ("scorer", "fault"),
    [
        ("empty", "empty"),
        ("placeholder", "placeholder"),
        ("refusal", "refusal"),
        ("truncated", "truncated"),
        ("broken_json", "broken-json"),
        ("key_style", "key-style"),
        ("off_topic", "off-topic"),
        ("language", "wrong-language"),
        ("encoding", "mojibake"),
        ("script", "html"),
        ("formula", "formula"),
    ],
)
def test_scorer_finds_its_planted_fault(scorer: str, fault: str, findings: pl.DataFrame, faults: Faults) -> None:
    check(set(findings.filter(pl.col("scorer") == scorer)["example_id"]), faults, fault)


def test_personal_data_finds_what_was_planted(examples: pl.DataFrame, faults: Faults) -> None:
    check(set(find_personal_data(examples).personal_data["example_id"]), faults, "personal-data")


def test_labels_that_contradict_their_ticket_are_found(conflicts: pl.DataFrame, faults: Faults) -> None:
    found = set(conflicts.filter(pl.col("kind") == "label")["example_id"])
    check(found, faults, "wrong-label", "conflicting-answer")


def test_conflicting_answers_are_found(conflicts: pl.DataFrame, faults: Faults) -> None:
    sides = conflicts.filter((pl.col("kind") == "answers") & ~pl.col("detail").str.starts_with(MAJORITY))
    check(set(sides["example_id"]), faults, "conflicting-answer", "conflict-partner")


def test_hardly_a_clean_example_is_lost_and_hardly_a_faulty_one_kept(
    examples: pl.DataFrame, findings: pl.DataFrame, conflicts: pl.DataFrame, faults: Faults
) -> None:
    personal = find_personal_data(examples).personal_data
    found = suggest(examples, scores=findings, conflicts=conflicts, personal_data=personal)
    kept = set(found.filter(pl.col("suggestion") == "keep")["example_id"])
    harmless = {"exact-duplicate", "near-duplicate", "conflict-partner"}  # duplicates are another stage's
    faulty = {example_id for example_id, kinds in faults.items() if kinds - harmless}
    clean = set(examples["example_id"]) - set(faults)
    assert len(kept & faulty) <= 0.02 * len(faulty)
    assert len(clean - kept) <= 0.005 * len(clean)
