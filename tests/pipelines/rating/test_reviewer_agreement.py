"""Agreement of reviewers against scikit-learn and statsmodels, and by hand."""

import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from pipelines.rating.reviewers import VOTES, cohen_kappa, reviewer_agreement


@pytest.mark.parametrize("seed", range(8))
def test_kappa_equals_two_other_libraries(seed: int) -> None:
    generator = np.random.default_rng(seed)
    one = generator.integers(0, 3, size=40)
    other = np.where(generator.random(40) < seed / 8, one, generator.integers(0, 3, size=40))
    table = np.zeros((3, 3))
    np.add.at(table, (one, other), 1)
    found = cohen_kappa(one.tolist(), other.tolist())
    assert found == pytest.approx(cohen_kappa_score(one, other))
    assert found == pytest.approx(cohens_kappa(table).kappa)
    assert found == pytest.approx(cohen_kappa(other.tolist(), one.tolist()))


def test_kappa_by_hand() -> None:
    # Both say the same on 3 of 4; by chance 2/4 * 3/4 + 2/4 * 1/4 = 1/2; (3/4 - 1/2) / (1 - 1/2) = 1/2.
    assert cohen_kappa(["keep", "keep", "drop", "drop"], ["keep", "keep", "keep", "drop"]) == pytest.approx(0.5)


def test_kappa_is_not_defined_without_units_or_without_a_choice() -> None:
    assert cohen_kappa([], []) is None
    assert cohen_kappa(["keep"] * 5, ["keep"] * 5) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(cohen_kappa_score(["keep"] * 5, ["keep"] * 5))
    assert cohen_kappa(["keep"] * 5, ["drop"] * 5) == 0
    with pytest.raises(ValueError, match="zip"):
        cohen_kappa(["keep"], [])


def votes(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=VOTES, orient="row")


def test_each_pair_counts_the_examples_that_both_judged() -> None:
    rows = [("e1", "ada", "keep"), ("e1", "ben", "keep"), ("e2", "ada", "drop"), ("e2", "ben", "keep")]
    rows += [("e3", "ada", "keep"), ("e4", "cleo", "drop"), ("e1", "cleo", "drop")]
    found = reviewer_agreement(votes(rows))
    assert [(pair.one, pair.other, pair.examples, pair.raw) for pair in found.pairs] == [
        ("ada", "ben", 2, 0.5),
        ("ada", "cleo", 1, 0.0),
        ("ben", "cleo", 1, 0.0),
    ]
    assert (found.examples, found.reviewers) == (2, 3)
    # e1: one of three pairs of reviewers says the same; e2: none.
    assert found.raw == pytest.approx(1 / 6)
    assert reviewer_agreement(votes(rows[::-1])) == found


def test_nothing_shared_is_said_in_words() -> None:
    found = reviewer_agreement(votes([("e1", "ada", "keep"), ("e2", "ben", "keep")]))
    assert (found.raw, found.alpha, found.pairs) == (None, None, [])
    assert "not known" in found.sentence
    assert reviewer_agreement(votes([])).reviewers == 0


def test_the_sentence_tells_low_alpha_from_disagreement() -> None:
    alike = [(f"e{n}", who, "keep") for n in range(60) for who in ("ada", "ben")]
    alike[0] = ("e0", "ada", "drop")
    assert "nearly all choices are alike" in reviewer_agreement(votes(alike)).sentence
    rows = [(f"e{n}", who, ("keep", "drop")[(n * k) % 2]) for n in range(60) for k, who in ((1, "ada"), (3, "ben"))]
    assert "good (alpha 1.00)" in reviewer_agreement(votes(rows)).sentence
    assert "few examples" in reviewer_agreement(votes(rows[:8])).sentence
