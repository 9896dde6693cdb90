"""Suggestions: the formula by hand, what goes before what, and survivors of duplicate groups."""

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.quality.conflicts import CONFLICTS, MAJORITY, MINORITY, UNDECIDED
from pipelines.quality.registry import SCORERS
from pipelines.quality.score import SCORES, score_examples
from pipelines.quality.settings import QualitySettings
from pipelines.quality.suggest import NO_CAUSE, NOTHING_FOUND, SUGGESTIONS, suggest
from tests.pipelines.quality.conversations import pairs

EXAMPLES = pairs(("one?", "Yes, one."), ("two?", "Yes, two."), ("three?", "Yes, three."))
ONE, TWO, THREE = sorted(EXAMPLES["example_id"])


def scores(*rows: tuple[str, str, float, str | None]) -> pl.DataFrame:
    return pl.DataFrame([(*row, None, None) for row in rows], schema=SCORES, orient="row")


def duplicates(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["group_id", "example_id", "representative_id", "kind"], orient="row")


def suggestions(frame: pl.DataFrame) -> list[str]:
    return frame.sort("example_id")["suggestion"].to_list()


def test_quality_is_half_the_weighted_mean_and_half_the_lowest_dimension() -> None:
    # weights 3, 3, 2, 2, 1: complete 0, tone 0.3, others 1 -> mean (0 + 3 + 2 + 2 + 0.3) / 11, lowest 0
    found = suggest(EXAMPLES, scores=scores((ONE, "empty", 0.0, "Empty."), (ONE, "shouting", 0.3, "Loud.")))
    assert found.filter(pl.col("example_id") == ONE)["quality"].item() == pytest.approx(7.3 / 11 / 2)
    assert found.filter(pl.col("example_id") == TWO)["quality"].item() == 1.0
    even = QualitySettings(weight_complete=1, weight_correct=1, weight_on_topic=1, weight_format=1, weight_tone=1)
    found = suggest(EXAMPLES, scores=scores((ONE, "shouting", 0.5, "Loud.")), settings=even)
    assert found.filter(pl.col("example_id") == ONE)["quality"].item() == pytest.approx((4.5 / 5 + 0.5) / 2)


def test_certain_defects_drop_doubts_are_for_review_and_notes_change_nothing() -> None:
    found = suggest(
        EXAMPLES,
        scores=scores(
            (ONE, "placeholder", 0.0, "A placeholder."),
            (ONE, "schema", 0.0, "A doubt."),
            (TWO, "placeholder", 0.3, "A blank."),
            (THREE, "length", 0.4, "Long."),
        ),
    )
    assert found.rows() == [
        (ONE, found["quality"][0], "drop", SCORERS["placeholder"].title, "A placeholder."),
        (TWO, found["quality"][1], "review", SCORERS["placeholder"].title, "A blank."),
        (THREE, found["quality"][2], "keep", NO_CAUSE, NOTHING_FOUND),
    ]
    assert found["quality"].is_between(0, 0.999).all()
    assert found.schema == SUGGESTIONS


def test_a_conflict_drops_its_minority_keeps_its_majority_and_asks_where_there_is_none() -> None:
    conflicts = pl.DataFrame(
        [
            ("g", ONE, "answers", f"{MINORITY} (1 of 3): x."),
            ("g", TWO, "answers", f"{MAJORITY} (2 of 3): x."),
            ("h", THREE, "answers", f"{UNDECIDED}: x."),
        ],
        schema=CONFLICTS,
        orient="row",
    )
    found = suggest(EXAMPLES, scores=scores(), conflicts=conflicts)
    assert suggestions(found) == ["drop", "keep", "review"]
    minority, majority, undecided = found["quality"]
    assert minority < undecided < majority == 1.0
    label = pl.DataFrame([(ONE, ONE, "label", f"{MINORITY}: y.")], schema=CONFLICTS, orient="row")
    assert suggestions(suggest(EXAMPLES, scores=scores(), conflicts=label)) == ["review", "keep", "keep"]


def test_personal_data_is_for_review_and_named_by_kind() -> None:
    personal = pl.DataFrame({"example_id": [ONE, ONE], "kind": ["phone", "e-mail"]})
    found = suggest(EXAMPLES, scores=scores(), personal_data=personal)
    assert found["reason"][0] == "Holds personal data: e-mail, phone."
    assert suggestions(found) == ["review", "keep", "keep"]


def test_one_member_of_a_duplicate_group_survives() -> None:
    group = duplicates(*[("g", member, TWO, "near") for member in (ONE, TWO, THREE)])
    assert suggestions(suggest(EXAMPLES, scores=scores(), duplicates=group)) == ["drop", "keep", "drop"]


def test_a_defective_representative_gives_way_to_a_sound_member() -> None:
    group = duplicates(*[("g", member, TWO, "exact") for member in (ONE, TWO, THREE)])
    broken = scores((TWO, "truncated", 0.0, "Cut."), (ONE, "shouting", 0.3, "Loud."))
    found = suggest(EXAMPLES, scores=broken, duplicates=group)
    assert suggestions(found) == ["drop", "drop", "keep"]


def test_a_group_of_several_kinds_has_one_survivor() -> None:
    group = duplicates(("g", ONE, ONE, "exact"), ("g", TWO, ONE, "exact"), ("g", THREE, ONE, "near"))
    assert suggestions(suggest(EXAMPLES, scores=scores(), duplicates=group)) == ["keep", "drop", "drop"]
    broken = scores((ONE, "truncated", 0.0, "Cut."), (TWO, "shouting", 0.3, "Loud."))
    found = suggest(EXAMPLES, scores=broken, duplicates=group)
    # An exact copy of the representative stands for it, however much better the near one is.
    assert suggestions(found) == ["drop", "review", "drop"]
    assert found["reason"][2] == f"A near-duplicate of {TWO[:8]}."


def test_members_that_were_not_compared_with_the_survivor_are_for_review() -> None:
    group = duplicates(*[("g", member, ONE, "near") for member in (ONE, TWO, THREE)])
    broken = scores((ONE, "truncated", 0.0, "Cut."), (TWO, "length", 0.4, "Odd."))
    found = suggest(EXAMPLES, scores=broken, duplicates=group)
    assert suggestions(found) == ["drop", "review", "keep"]
    assert found["reason"][1] == f"Resembles the same example as {THREE[:8]}."


def test_semantic_duplicates_are_for_review() -> None:
    group = duplicates(("g", ONE, ONE, "semantic"), ("g", TWO, ONE, "semantic"))
    assert suggestions(suggest(EXAMPLES, scores=scores(), duplicates=group)) == ["keep", "review", "keep"]


def test_scores_of_unknown_scorers_and_no_examples_are_fine() -> None:
    assert suggestions(suggest(EXAMPLES, scores=scores((ONE, "gone", 0.0, "Old.")))) == ["keep"] * 3
    assert suggest(EXAMPLES.clear(), scores=scores()).is_empty()
    assert suggest(EXAMPLES, scores=score_examples(EXAMPLES).scores)["suggestion"].to_list() == ["keep"] * 3


def test_an_unknown_scorer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CurationError, match=r"no scorer named 'beauty'.*truncated"):
        score_examples(EXAMPLES, QualitySettings(scorers=("beauty",)))
    assert score_examples(EXAMPLES, QualitySettings(scorers=("empty",))).scorers == ["empty"]
