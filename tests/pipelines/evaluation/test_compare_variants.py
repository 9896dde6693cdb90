"""Comparisons: pairing, groups, correction, verdicts, bad input."""

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.multitest import multipletests

from pipelines.errors import CurationError
from pipelines.evaluation.compare import DIFFERENCES, METRIC_VALUES, CompareSettings, compare_variants
from pipelines.evaluation.score import SCORES
from pipelines.evaluation.statistics import mcnemar_mid_p
from pipelines.evaluation.verdict import summary_sentences


def scores(values: dict[tuple[str, str], list[float]], start: int = 0) -> pl.DataFrame:
    rows = [
        (variant, f"e{start + index:04d}", metric, float(value))
        for (variant, metric), column in values.items()
        for index, value in enumerate(column)
    ]
    return pl.DataFrame(rows, schema=SCORES, orient="row")


def study(n: int = 120, seed: int = 0) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    hard = generator.random(n)
    return scores(
        {
            ("base", "token_f1"): list(hard * 0.5),
            ("few-shot", "token_f1"): list(hard * 0.5 + generator.normal(0, 0.05, n)),
            ("tuned", "token_f1"): list(hard * 0.5 + 0.2 + generator.normal(0, 0.05, n)),
            ("base", "json_exact"): [0.0] * n,
            ("few-shot", "json_exact"): [float(x) for x in hard < 0.02],
            ("tuned", "json_exact"): [float(x) for x in hard < 0.9],
        }
    )


def test_levels_and_differences_follow_from_the_scores() -> None:
    per_example = study()
    found = compare_variants(per_example)
    assert found.metrics.schema == METRIC_VALUES
    assert found.differences.schema == DIFFERENCES
    assert found.metrics.height == 6
    assert found.differences.height == 4
    means = per_example.group_by("variant", "metric").agg(pl.col("value").mean().alias("mean"))
    joined = found.metrics.join(means, on=["variant", "metric"])
    assert joined["value"].to_list() == pytest.approx(joined["mean"].to_list())
    row = found.differences.row(
        by_predicate=(pl.col("variant") == "tuned") & (pl.col("metric") == "json_exact"), named=True
    )
    assert row["difference"] == pytest.approx(row["value"] - row["against_value"])
    wins = int(per_example.filter(variant="tuned", metric="json_exact")["value"].sum())
    assert row["p_value"] == pytest.approx(mcnemar_mid_p(wins, 0))
    assert row["verdict"] == "better"
    verdicts = {(r["variant"], r["metric"]): r["verdict"] for r in found.differences.iter_rows(named=True)}
    assert verdicts[("tuned", "token_f1")] == "better"
    assert verdicts[("few-shot", "token_f1")] == "no evidence"


def test_neither_row_order_nor_repetition_changes_a_figure() -> None:
    per_example = study(n=230)
    again = per_example.sample(fraction=1.0, shuffle=True, seed=3)
    first, second = compare_variants(per_example), compare_variants(again)
    assert first.metrics.equals(second.metrics)
    assert first.differences.equals(second.differences)


def test_q_values_are_corrected_over_all_metrics_and_variants() -> None:
    found = compare_variants(study()).differences
    assert found["q_value"].to_list() == pytest.approx(multipletests(found["p_value"], method="fdr_bh")[1])


def test_under_thirty_examples_is_too_few_whatever_the_figures() -> None:
    found = compare_variants(scores({("base", "exact_match"): [0.0] * 29, ("tuned", "exact_match"): [1.0] * 29}))
    row = found.differences.row(0, named=True)
    assert (row["verdict"], row["q_value"]) == ("too few", None)
    assert "29 examples, 30 are needed" in row["sentence"]
    # A posterior all the same: Beta(30, 1) above one half.
    assert row["posterior"] == pytest.approx(1 - 2**-30)
    assert "tuned is ahead on 29 and behind on 0" in row["sentence"]
    alike = compare_variants(scores({("base", "exact_match"): [0.0] * 9, ("tuned", "exact_match"): [0.0] * 9}))
    assert "ahead" not in alike.differences["sentence"][0]


def test_pairs_are_the_examples_that_both_variants_have() -> None:
    per_example = pl.concat(
        [scores({("base", "token_f1"): [0.0] * 60}), scores({("tuned", "token_f1"): [1.0] * 60}, start=40)]
    )
    row = compare_variants(per_example).differences.row(0, named=True)
    assert (row["n"], row["difference"]) == (20, 1.0)


def test_no_common_example_gives_no_figure() -> None:
    per_example = pl.concat(
        [scores({("base", "token_f1"): [0.0] * 40}), scores({("tuned", "token_f1"): [1.0] * 40}, start=40)]
    )
    row = compare_variants(per_example).differences.row(0, named=True)
    assert (row["n"], row["difference"], row["low"], row["verdict"]) == (0, None, None, "too few")
    assert "no example in common" in row["sentence"]


def test_a_group_of_alike_examples_is_one_unit() -> None:
    per_example = study(n=120)
    groups = pl.DataFrame(
        {
            "example_id": [f"e{index:04d}" for index in range(120)],
            "group_id": [f"g{index // 6}" for index in range(120)],
        }
    )
    found = compare_variants(per_example, groups=groups).differences
    assert set(found["units"]) == {20}
    assert set(found["verdict"]) == {"too few"}
    assert "120 examples in 20 groups" in found["sentence"][0]


def test_groups_of_one_change_nothing() -> None:
    per_example = study()
    groups = pl.DataFrame({"example_id": ["e0000", "e0001"], "group_id": ["e0000", "e0001"]})
    assert compare_variants(per_example, groups=groups).differences.equals(compare_variants(per_example).differences)


def test_several_opponents_are_compared_in_one_family() -> None:
    found = compare_variants(study(), against=("base", "few-shot")).differences
    pairs = set(found.select("variant", "against").rows())
    assert pairs == {("few-shot", "base"), ("tuned", "base"), ("tuned", "few-shot")}


def test_one_variant_alone_has_levels_and_no_difference() -> None:
    found = compare_variants(scores({("base", "token_f1"): [0.1, 0.2]}))
    assert found.metrics.height == 1
    assert found.differences.is_empty()
    assert found.differences.schema == DIFFERENCES


def test_a_summary_counts_the_verdicts_of_every_pair() -> None:
    told = summary_sentences(compare_variants(study()).differences)
    assert told == [
        "few-shot against base: no evidence of a difference on 2 of 2 metrics (json_exact, token_f1).",
        "tuned against base: better on 2 of 2 metrics (json_exact, token_f1).",
    ]
    assert summary_sentences(pl.DataFrame(schema=DIFFERENCES)) == []


def test_the_sentence_of_an_undecided_pair_says_what_would_have_shown() -> None:
    found = compare_variants(study()).differences.filter(variant="few-shot", metric="token_f1")
    assert "no evidence of a difference" in found["sentence"][0]
    assert f"A true difference of {100 * found['detectable'][0]:.1f} points" in found["sentence"][0]


@pytest.mark.parametrize(
    ("per_example", "message"),
    [
        (pl.DataFrame(schema=SCORES), "no scores"),
        (scores({("base", "bleu"): [float("nan")]}), "no numbers"),
        (pl.concat([scores({("base", "bleu"): [0.1]})] * 2), "more than one score"),
        (scores({("tuned", "bleu"): [0.1]}), "no scores of the variant 'base'"),
        (pl.DataFrame({"variant": ["base"]}), "need a column"),
    ],
)
def test_scores_that_would_give_a_wrong_number_are_refused(per_example: pl.DataFrame, message: str) -> None:
    with pytest.raises(CurationError, match=message):
        compare_variants(per_example)


def test_an_example_in_two_groups_is_refused() -> None:
    groups = pl.DataFrame({"example_id": ["e0000", "e0000"], "group_id": ["a", "b"]})
    with pytest.raises(CurationError, match="more than one group"):
        compare_variants(study(), groups=groups)


def test_settings_are_bounded() -> None:
    with pytest.raises(ValueError, match="confidence"):
        CompareSettings(confidence=1.0)
