"""Raters of single answers: agreement on each criterion, with themselves, and who is strict."""

import polars as pl
import pytest

from pipelines.rating.rubric import RUBRIC_SCORES
from pipelines.rating.rubric_raters import (
    RUBRIC_AGREEMENT,
    RUBRIC_RATERS,
    RUBRIC_SELF_AGREEMENT,
    rubric_agreement,
    rubric_raters,
    rubric_self_agreement,
)
from tests.pipelines.rating.test_scale_agreement import RATERS

Row = tuple[str, str, str, str, str, int]


def frame(rows: list[Row]) -> pl.DataFrame:
    """Rows of answer, example, rater, variant, criterion, score."""
    return pl.DataFrame(rows, schema=RUBRIC_SCORES, orient="row")


def one(example: str, rater: str, score: int, criterion: str = "help", variant: str = "base") -> Row:
    return (f"{rater}-{variant}-{example}", example, rater, variant, criterion, score)


def test_agreement_on_a_criterion_is_that_of_the_published_example() -> None:
    rows = [
        one(f"u{unit}", f"rater{number}", score)
        for number, scores in enumerate(RATERS)
        for unit, score in enumerate(scores)
        if score is not None
    ]
    rows += [one("u0", "rater0", 3, criterion="tone"), one("u1", "rater1", 3, criterion="tone")]
    found = rubric_agreement(frame(rows), ["tone", "help", "unused"])
    assert found["criterion"].to_list() == ["tone", "help"]
    tone, helping = found.rows(named=True)
    assert (helping["answers"], helping["raters"]) == (11, 4)
    assert helping["alpha"] == pytest.approx(0.815, abs=0.0005)
    assert helping["alpha_interval"] == pytest.approx(0.849, abs=0.0005)
    assert (tone["alpha"], tone["same"], tone["answers"]) == (None, None, 0)
    assert "2 raters and no answer rated by two" in tone["note"]


def test_raters_who_all_give_one_score_agree_and_alpha_is_said_to_be_undefined() -> None:
    rows = [one(f"e{i}", rater, 4) for i in range(6) for rater in ("ada", "ben")]
    row = rubric_agreement(frame(rows), ["help"]).row(0, named=True)
    assert (row["same"], row["within_one"], row["alpha"]) == (1.0, 1.0, None)
    assert "not defined" in row["note"]


def test_two_variants_of_one_example_are_two_answers() -> None:
    rows = [one("e", rater, 4 + (v == "tuned"), variant=v) for v in ("base", "tuned") for rater in ("ada", "ben")]
    assert rubric_agreement(frame(rows), ["help"])["answers"].to_list() == [2]
    assert rubric_agreement(frame(rows), ["help"])["alpha"].to_list() == [1.0]


def test_who_is_strict_stands_out_and_who_is_not_does_not() -> None:
    """Ben gives a point less than ada and cy on every second example, and as much on the others."""
    rows = []
    for i in range(30):
        rows += [one(f"e{i}", "ada", 3 + i % 3), one(f"e{i}", "cy", 3 + (i + i // 7) % 3)]
        rows.append(one(f"e{i}", "ben", 2 + i % 3 - (i % 2)))
    found = rubric_raters(frame(rows))
    assert found.schema == RUBRIC_RATERS
    raters = {row["rater"]: row for row in found.rows(named=True)}
    assert raters["ben"]["stands_out"]
    assert raters["ben"]["note"].startswith("ben stands out:")
    assert "stricter" in raters["ben"]["note"]
    assert raters["ben"]["high"] < 0
    assert raters["ada"]["answers"] == 30


def test_a_rater_with_one_rating_and_one_alone_are_described() -> None:
    alone = rubric_raters(frame([one("e", "ada", 4)])).row(0, named=True)
    assert (alone["answers"], alone["mean"], alone["shift"], alone["stands_out"]) == (1, 4.0, None, False)
    assert "Nobody else rated the same ones." in alone["note"]
    pair = rubric_raters(frame([one("e", "ada", 4), one("e", "ben", 2)])).rows(named=True)
    assert [row["shift"] for row in pair] == [2.0, -2.0]
    assert [row["q_value"] for row in pair] == [None, None]
    assert all("Too few examples are shared" in row["note"] for row in pair)
    assert rubric_raters(frame([])).is_empty()
    assert rubric_agreement(frame([]), ["help"]).schema == RUBRIC_AGREEMENT


def test_agreement_with_oneself_counts_scores_of_answers_shown_twice() -> None:
    """Three answers again, two criteria each: four of six scores the same, five within a point; one was taken back."""
    first = frame([one(f"e{i}", "ada", 3, criterion) for i in range(3) for criterion in ("help", "tone")])
    given = [("e0", 3, 3), ("e1", 4, 3), ("e2", 3, 5)]
    rows = [one(example, "ada", helping) for example, helping, _ in given]
    rows += [one(example, "ada", tone, "tone") for example, _, tone in given]
    rows.append(one("gone", "ada", 1))
    again = frame([(f"{row[0]}:again", *row[1:]) for row in rows])
    found = rubric_self_agreement(first, again)
    assert found.schema == RUBRIC_SELF_AGREEMENT
    row = found.row(0, named=True)
    assert (row["rater"], row["repeats"], row["scores"]) == ("ada", 3, 6)
    assert (row["same"], row["within_one"]) == (pytest.approx(4 / 6), pytest.approx(5 / 6))
    assert rubric_self_agreement(first, again.clear()).is_empty()
