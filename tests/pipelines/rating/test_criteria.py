"""Criteria: what may be one, and which scores are scores."""

import pytest

from pipelines.errors import CurationError
from pipelines.rating.criteria import DEFAULT_CRITERIA, Criterion, checked_criteria, checked_scores

ANCHORS = ["one", "two", "three", "four", "five"]


def test_the_own_criteria_are_sound_and_every_value_has_an_anchor_of_its_own() -> None:
    assert [criterion.name for criterion in DEFAULT_CRITERIA] == [
        "helpfulness", "policy compliance", "factual accuracy", "tone",
    ]  # fmt: skip
    assert checked_criteria(DEFAULT_CRITERIA) == DEFAULT_CRITERIA
    assert all(len(set(criterion.anchors)) == 5 for criterion in DEFAULT_CRITERIA)
    dumped = [criterion.model_dump(mode="json") for criterion in DEFAULT_CRITERIA]
    assert checked_criteria(dumped) == DEFAULT_CRITERIA


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "0 criteria"),
        ([{"name": f"c{n}", "anchors": ANCHORS} for n in range(10)], "10 criteria"),
        ([{"name": " ", "anchors": ANCHORS}], "Criterion 1"),
        ([{"name": "tone", "anchors": ANCHORS[:4]}], r"Criterion 1 \('tone'\)"),
        ([{"name": "tone", "anchors": [*ANCHORS, "six"]}], r"Criterion 1 \('tone'\)"),
        ([{"name": "tone", "anchors": ["", *ANCHORS[1:]]}], r"Criterion 1 \('tone'\)"),
        ([{"name": "tone", "anchors": "abcde"}], r"Criterion 1 \('tone'\)"),
        ([{"name": "tone", "anchors": ANCHORS, "weight": 2}], "weight"),
        ([{"name": "Tone", "anchors": ANCHORS}, {"name": "tone", "anchors": ANCHORS}], "Two criteria are called"),
        (["tone"], "Criterion 1"),
        ([None], "Criterion 1"),
    ],
)
def test_what_is_no_criterion_is_refused(given: list[object], message: str) -> None:
    with pytest.raises(CurationError, match=message) as caught:
        checked_criteria(given)
    assert caught.value.remedy


def test_scores_come_in_the_order_of_the_criteria_and_one_may_be_missing() -> None:
    criteria = [Criterion(name=name, anchors=tuple(ANCHORS)) for name in ("a", "b", "c")]
    assert list(checked_scores({"c": 1, "a": 5}, criteria).items()) == [("a", 5), ("c", 1)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "no scores"), (None, "no scores"), ([3], "no scores"), ({"d": 3}, "'d' is none"), ({"a": 0}, "'0' is no"),
        ({"a": 6}, "'6' is no"), ({"a": 3.0}, "'3.0' is no"), ({"a": True}, "'True' is no"), ({"a": "3"}, "'3' is no"),
    ],
)  # fmt: skip
def test_what_is_no_score_is_refused(given: object, message: str) -> None:
    with pytest.raises(CurationError, match=message):
        checked_scores(given, [Criterion(name="a", anchors=tuple(ANCHORS))])
