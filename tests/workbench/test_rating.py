"""Blind rating: what a rater sees, what is stored before, and what comes of it."""

import json
from dataclasses import asdict

import polars as pl
import pytest

from pipelines.errors import CurationError
from workbench.project import Project
from workbench.rating import pair_to_rate
from workbench.reviewing import Filter
from workbench.store.runs import EvaluationRecord

EVALUATION, VARIANTS = "evaluation-0001", ["base", "tuned-curated"]
EXAMPLES = 12


@pytest.fixture
def ids(project: Project, write_jsonl) -> list[str]:
    """A project with an evaluation whose two variants have answered every example, one of them alike."""
    rows = [{"prompt": f"Question {n}?", "completion": f"Reference {n}."} for n in range(EXAMPLES)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    ids = project.reviewing.queue(Filter(), "position")
    record = EvaluationRecord(EVALUATION, "v", "test", VARIANTS, {}, {}, EXAMPLES, project.store.now())
    project.store.runs.add_evaluation(record)
    outputs = pl.DataFrame(
        [
            {"variant": variant, "example_id": example_id, "text": "same" if n == 0 else f"answer {n} of kind {kind}"}
            for kind, variant in enumerate(VARIANTS)
            for n, example_id in enumerate(ids)
        ]
    )
    empty = pl.DataFrame(schema={"variant": pl.String})
    tables = {"outputs": outputs, "output_scores": empty, "metrics": empty, "differences": empty}
    project.store.runs.store_results(EVALUATION, tables)
    return ids


def begin(project: Project, rater: str = "ada", count: int = 50) -> int:
    return project.rating.begin(EVALUATION, *VARIANTS, rater, count)


def rate(project: Project, sequence: int, comparison_id: str, choice: str, rater: str = "ada") -> int:
    event = {"session": f"s-{rater}", "sequence": sequence, "comparison_id": comparison_id, "choice": choice}
    return project.rating.rate([event], rater)


def test_sides_are_stored_before_anything_is_shown_and_identical_answers_are_skipped(
    project: Project, ids: list[str]
) -> None:
    assert begin(project) == EXAMPLES - 1
    stored = project.store.ratings.comparisons(EVALUATION, "ada")
    assert stored.height == EXAMPLES - 1
    assert ids[0] not in stored["example_id"]
    assert {tuple(sorted(pair)) for pair in stored.select("left", "right").rows()} == {tuple(VARIANTS)}
    assert len(set(stored["left"])) == 2
    before = stored.rows()
    assert begin(project) == EXAMPLES - 1
    assert project.store.ratings.comparisons(EVALUATION, "ada").rows() == before


def test_no_card_names_a_variant(project: Project, ids: list[str]) -> None:
    begin(project)
    cards = project.rating.pending(EVALUATION, "ada", limit=100)
    assert len(cards) == EXAMPLES - 1
    for card in cards:
        text = json.dumps(card.to_dict())
        assert not any(variant in text for variant in VARIANTS)
        assert set(asdict(card)) == {
            "comparison_id", "messages", "left_text", "right_text", "reference", "position", "total",
        }  # fmt: skip
        assert [message["role"] for message in card.messages] == ["user"]


def test_a_card_shows_the_sides_that_were_stored(project: Project, ids: list[str]) -> None:
    begin(project)
    sides = {row["comparison_id"]: row for row in project.store.ratings.comparisons(EVALUATION).iter_rows(named=True)}
    for place, card in enumerate(project.rating.pending(EVALUATION, "ada", limit=100)):
        side = sides[card.comparison_id]
        number = ids.index(side["example_id"])
        assert card.left_text == f"answer {number} of kind {VARIANTS.index(side['left'])}"
        assert card.right_text == f"answer {number} of kind {VARIANTS.index(side['right'])}"
        assert card.reference == f"Reference {number}."
        assert (card.position, card.total) == (place + 1, EXAMPLES - 1)


def test_ratings_are_stored_once_and_can_be_taken_back(project: Project, ids: list[str]) -> None:
    begin(project)
    first, second = project.rating.pending(EVALUATION, "ada", limit=2)
    assert rate(project, 1, first.comparison_id, "left") == 1
    assert rate(project, 1, first.comparison_id, "left") == 1
    assert rate(project, 2, second.comparison_id, "both_bad") == 2
    assert project.rating.progress(EVALUATION, "ada") == (2, EXAMPLES - 1)
    assert project.rating.ratings(EVALUATION)["choice"].to_list() == ["left", "both_bad"]
    assert project.rating.undo(EVALUATION, "ada") == second.comparison_id
    assert project.rating.progress(EVALUATION, "ada") == (1, EXAMPLES - 1)
    assert project.rating.pending(EVALUATION, "ada", 1)[0].comparison_id == second.comparison_id
    assert rate(project, 3, second.comparison_id, "tie") == 3
    assert project.rating.undo(EVALUATION, "ada") == second.comparison_id
    assert project.rating.undo(EVALUATION, "ada") == first.comparison_id
    assert project.rating.undo(EVALUATION, "ada") is None


def test_changing_ones_mind_counts_the_last_choice(project: Project, ids: list[str]) -> None:
    begin(project)
    card = project.rating.pending(EVALUATION, "ada", 1)[0]
    rate(project, 1, card.comparison_id, "left")
    rate(project, 2, card.comparison_id, "right")
    assert project.rating.ratings(EVALUATION)["choice"].to_list() == ["right"]
    rate(project, 3, card.comparison_id, "undo")
    assert project.rating.ratings(EVALUATION).is_empty()


def test_the_win_rate_counts_variants_whatever_their_side(project: Project, ids: list[str]) -> None:
    """Seven wins of the tuned variant, one loss, one tie, one both bad: (7 + 2 / 2) / 10 = 0.8."""
    begin(project)
    sides = {row["comparison_id"]: row for row in project.store.ratings.comparisons(EVALUATION).iter_rows(named=True)}
    cards = project.rating.pending(EVALUATION, "ada", 10)
    for number, card in enumerate(cards):
        tuned = "left" if sides[card.comparison_id]["left"] == "tuned-curated" else "right"
        base = "right" if tuned == "left" else "left"
        choice = tuned if number < 7 else (base, "tie", "both_bad")[number - 7]
        rate(project, number + 1, card.comparison_id, choice)
    row = project.rating.win_rates(EVALUATION).row(0, named=True)
    assert (row["variant"], row["against"]) == ("tuned-curated", "base")
    assert (row["wins"], row["losses"], row["ties"], row["both_bad"], row["n"]) == (7, 1, 1, 1, 10)
    assert row["win_rate"] == pytest.approx(0.8)
    assert row["low"] < 0.8 < row["high"]


def test_two_raters_rate_the_same_examples_and_their_agreement_is_told(project: Project, ids: list[str]) -> None:
    drawn = {}
    for rater in ("ada", "ben"):
        begin(project, rater, 5)
        sides = project.store.ratings.comparisons(EVALUATION, rater)
        drawn[rater] = set(sides["example_id"])
        assert project.rating.agreement(EVALUATION) == {}
        for number, row in enumerate(sides.iter_rows(named=True)):
            choice = "left" if row["left"] == "base" else "right"
            rate(project, number + 1, row["comparison_id"], choice, rater)
    assert drawn["ada"] == drawn["ben"]
    assert project.rating.agreement(EVALUATION)


def test_what_is_no_rating_is_refused_and_stores_nothing(project: Project, ids: list[str]) -> None:
    begin(project)
    card = project.rating.pending(EVALUATION, "ada", 1)[0]
    for wrong in (
        lambda: rate(project, 1, card.comparison_id, "best"),
        lambda: rate(project, 1, "evaluation-0001:nothing", "left"),
        lambda: rate(project, 1, card.comparison_id, "left", rater="ben"),
        lambda: project.rating.begin(EVALUATION, "base", "base", "ada"),
        lambda: project.rating.begin(EVALUATION, "base", "nobody", "ada"),
        lambda: project.rating.begin("evaluation-0009", *VARIANTS, "ada"),
    ):
        with pytest.raises(CurationError) as caught:
            wrong()
        assert caught.value.remedy
    assert project.rating.ratings(EVALUATION).is_empty()


def test_a_pair_that_was_skipped_is_no_rating_and_comes_back_when_it_is_taken_back(
    project: Project, ids: list[str]
) -> None:
    begin(project)
    first, second = project.rating.pending(EVALUATION, "ada", 2)
    assert project.rating.at_hand(EVALUATION, "ada").last is None
    rate(project, 1, first.comparison_id, "skip")
    hand = project.rating.at_hand(EVALUATION, "ada", 3)
    assert (hand.rated, hand.total, len(hand.pairs)) == (1, EXAMPLES - 1, 3)
    assert hand.last is not None
    assert (hand.last.comparison_id, hand.last.position) == (first.comparison_id, 1)
    assert (hand.pairs[0].comparison_id, hand.pairs[0].position) == (second.comparison_id, 2)
    assert project.rating.ratings(EVALUATION).is_empty()
    assert project.rating.win_rates(EVALUATION).is_empty()
    assert project.tables.table("ratings").is_empty()
    rate(project, 2, first.comparison_id, "undo")
    assert project.rating.pending(EVALUATION, "ada", 1)[0].comparison_id == first.comparison_id
    rate(project, 3, first.comparison_id, "left")
    assert project.rating.ratings(EVALUATION)["choice"].to_list() == ["left"]
    assert project.rating.at_hand(EVALUATION, "ben").pairs == []


def test_a_note_stays_with_its_choice(project: Project, ids: list[str]) -> None:
    begin(project)
    card = project.rating.pending(EVALUATION, "ada", 1)[0]
    event = {
        "session": "s",
        "sequence": 1,
        "comparison_id": card.comparison_id,
        "choice": "tie",
        "note": " both say 3 ",
    }
    project.rating.rate([event], "ada")
    assert project.rating.ratings(EVALUATION)["note"].to_list() == ["both say 3"]


@pytest.fixture
def many(project: Project, write_jsonl) -> list[str]:
    """Forty examples that two variants answer differently."""
    rows = [{"prompt": f"Question {n}?", "completion": f"Reference {n}."} for n in range(40)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    ids = project.reviewing.queue(Filter(), "position")
    project.store.runs.add_evaluation(
        EvaluationRecord(EVALUATION, "v", "validation", VARIANTS, {}, {}, 40, project.store.now())
    )
    rows = [{"variant": name, "example_id": key, "text": f"{name[::-1]} {key}"} for name in VARIANTS for key in ids]
    empty = pl.DataFrame(schema={"variant": pl.String})
    tables = {"outputs": pl.DataFrame(rows), "output_scores": empty, "metrics": empty, "differences": empty}
    project.store.runs.store_results(EVALUATION, tables)
    return ids


def test_one_pair_in_twenty_comes_again_with_sides_exchanged_and_is_no_further_vote(
    project: Project, many: list[str]
) -> None:
    assert begin(project, count=40) == 42
    assert begin(project, count=40) == 42
    cards = project.rating.pending(EVALUATION, "ada", 100)
    places = {card.comparison_id: place for place, card in enumerate(cards)}
    again = [key for key in places if key.endswith(":again")]
    assert len(again) == 2
    for key in again:
        assert places[key] - places[key.removesuffix(":again")] >= 10
    by_id = {card.comparison_id: card for card in cards}
    for key in again:
        first = by_id[key.removesuffix(":again")]
        assert (by_id[key].left_text, by_id[key].right_text) == (first.right_text, first.left_text)
    assert project.rating.self_agreement(EVALUATION).is_empty()
    for number, card in enumerate(cards):
        rate(project, number + 1, card.comparison_id, "left")
    assert project.rating.ratings(EVALUATION).height == 40
    assert project.rating.win_rates(EVALUATION)["n"].to_list() == [40]
    found = project.rating.self_agreement(EVALUATION).row(0, named=True)
    # The left side is another answer the second time, so a rater who always presses left never agrees with themself.
    assert (found["rater"], found["repeats"], found["same"]) == ("ada", 2, 0)
    mirrored = {key: key.removesuffix(":again") for key in again}
    for number, key in enumerate(mirrored, start=100):
        rate(project, number, key, "right")
    assert project.rating.self_agreement(EVALUATION)["agreement"].to_list() == [1.0]
    assert project.rating.length_controlled(EVALUATION)[0].win_rate is None


def test_the_tuned_model_is_rated_against_the_prompted_base_first() -> None:
    assert pair_to_rate(["base", "few-shot", "tuned-curated", "tuned-raw"]) == ("tuned-curated", "few-shot")
    assert pair_to_rate(["base", "tuned-raw"]) == ("tuned-raw", "base")
