"""Win rates by hand, against scipy, and against the published ones of AlpacaEval."""

import gzip
import json
import os
from pathlib import Path

import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from pipelines.errors import CurationError
from pipelines.rating.ratings import RATINGS
from pipelines.rating.win_rate import win_rate

PUBLIC_DATA = Path(os.environ.get("WORKBENCH_PUBLIC_DATA") or Path(__file__).parents[4] / "shared" / "data")


def ratings(choices: list[str], rater: str = "ada", start: int = 0) -> pl.DataFrame:
    """Tuned stands left on even examples, right on odd ones; a choice is "tuned", "base", "tie" or "both_bad"."""
    rows = []
    for i, choice in enumerate(choices, start):
        left, right = ("tuned", "base") if i % 2 == 0 else ("base", "tuned")
        said = "left" if choice == left else "right" if choice == right else choice
        rows.append((f"{rater}-{i}", f"e{i}", rater, left, right, said))
    return pl.DataFrame(rows, schema=RATINGS, orient="row")


def test_wins_are_counted_by_variant_whatever_the_side() -> None:
    found = win_rate(ratings(["tuned"] * 40 + ["base"] * 10), "tuned", "base")
    assert (found.wins, found.losses, found.ties, found.n) == (40, 10, 0, 50)
    assert found.win_rate == 0.8
    assert (found.low, found.high) == pytest.approx(proportion_confint(40, 50, method="wilson"))
    assert found.verdict == "better"
    assert "tuned is preferred to base. Win rate 80.0 %" in found.note
    other_way = win_rate(ratings(["tuned"] * 40 + ["base"] * 10), "base", "tuned")
    assert (other_way.win_rate, other_way.verdict) == (pytest.approx(0.2), "worse")


def test_a_tie_and_both_bad_are_half_a_win_and_stated() -> None:
    votes = ["tuned"] * 20 + ["base"] * 10 + ["tie"] * 6 + ["both_bad"] * 4
    found = win_rate(ratings(votes), "tuned", "base")
    assert found.win_rate == pytest.approx((20 + 5) / 40)
    assert (found.ties, found.both_bad) == (6, 4)
    assert "6 ties and 4 times both bad" in found.note
    values = [1.0] * 20 + [0.0] * 10 + [0.5] * 10
    oracle = stats.ttest_1samp(values, 0.5).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(oracle))
    assert found.verdict == "no evidence"


def test_several_raters_of_one_prompt_are_one_unit() -> None:
    votes = pl.concat([ratings(["tuned", "tuned", "base"], rater) for rater in ("ada", "grace", "joan")])
    split = votes.with_columns(
        choice=pl.when((pl.col("example_id") == "e0") & (pl.col("rater") == "joan"))
        .then(pl.lit("right"))
        .otherwise("choice")
    )
    found = win_rate(split, "tuned", "base")
    assert (found.n, found.raters, found.wins, found.losses) == (3, 3, 5, 4)
    assert found.win_rate == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.verdict == "too few"


def test_all_ties_stay_undecided_with_an_interval() -> None:
    found = win_rate(ratings(["tie"] * 60), "tuned", "base")
    assert (found.win_rate, found.verdict) == (0.5, "no evidence")
    assert found.low < 0.5 < found.high
    assert "Nobody chose either" in found.note


def test_one_vote_is_too_few_and_has_a_wide_interval() -> None:
    found = win_rate(ratings(["tuned"]), "tuned", "base")
    assert (found.win_rate, found.verdict, found.standard_error) == (1.0, "too few", None)
    assert found.low < 0.3


def test_row_order_and_other_pairs_do_not_matter() -> None:
    votes = ratings(["tuned"] * 5 + ["base"] * 4)
    others = votes.with_columns(
        pl.lit("z").alias("comparison_id") + pl.col("comparison_id"), left=pl.lit("few"), right=pl.lit("more")
    )
    assert win_rate(pl.concat([others, votes.reverse()]), "tuned", "base") == win_rate(votes, "tuned", "base")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"choice": pl.lit("middle")}, "unknown choice"),
        ({"left": pl.lit("base"), "right": pl.lit("base")}, "with itself"),
        ({"choice": pl.lit(None, dtype=pl.String)}, "lacks a value"),
        ({"comparison_id": pl.lit("one")}, "twice by one rater"),
        ({"left": pl.lit("tie")}, "like a choice"),
    ],
)
def test_unsound_ratings_are_refused(change: dict[str, pl.Expr], message: str) -> None:
    with pytest.raises(CurationError, match=message):
        win_rate(ratings(["tuned", "base"]).with_columns(**change), "tuned", "base")


def test_unknown_variants_and_no_ratings_are_answered_with_what_there_is() -> None:
    with pytest.raises(CurationError, match="Rated were: base and tuned"):
        win_rate(ratings(["tuned"]), "tuned", "gpt")
    with pytest.raises(CurationError, match="nothing so far"):
        win_rate(pl.DataFrame(schema=RATINGS), "tuned", "base")
    with pytest.raises(CurationError, match="with itself"):
        win_rate(ratings(["tuned"]), "tuned", "tuned")


def test_published_win_rates_and_standard_errors_of_alpaca_eval_come_out_to_four_decimals() -> None:
    folder = PUBLIC_DATA / "alpaca_eval"
    if not folder.is_dir():
        pytest.skip("the public data is not on this machine (set WORKBENCH_PUBLIC_DATA)")
    published = [json.loads(line) for line in (folder / "leaderboard_reference_a.jsonl").read_text().splitlines()]
    with gzip.open(folder / "annotations_gpt4_a.jsonl.gz", "rt", encoding="utf-8") as lines:
        annotations = [json.loads(line) for line in lines]
    choice = {1: "left", 2: "right", 0: "tie"}
    rows = [
        (f"{row['model']}-{i}", f"e{i}", "gpt4", "baseline", row["model"], choice[int(row["preference"])])
        for i, row in enumerate(annotations)
        if row["preference"] is not None
    ]
    votes = pl.DataFrame(rows, schema=RATINGS, orient="row")
    assert len(published) == 5
    for reference in published:
        found = win_rate(votes, reference["model"], "baseline")
        assert 100 * found.win_rate == pytest.approx(float(reference["win_rate"]), abs=5e-5)
        assert found.standard_error is not None
        assert 100 * found.standard_error == pytest.approx(float(reference["standard_error"]), abs=5e-5)
        assert (found.wins, found.losses, found.ties) == tuple(
            int(reference[key]) for key in ("n_wins", "n_wins_base", "n_draws")
        )
        assert found.n == int(reference["n_total"])
