"""How fast variants answer: means and ratios by hand, intervals against scipy, what is missing left aside."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import bootstrap

from pipelines.errors import CurationError
from pipelines.evaluation.speed import SPEEDS, TIMED, speeds_of, timed_rows


def test_seconds_are_averaged_and_tokens_divided_by_all_seconds() -> None:
    rows = [("base", "a", 1.0, 10), ("base", "b", 3.0, 50), ("base", "c", 2.0, None), ("api", "a", 0.5, None)]
    found = speeds_of(timed_rows(rows))
    api, base = found.rows(named=True)
    assert (base["seconds"], base["median"], base["n"]) == (2.0, 2.0, 3)
    assert base["p95"] == pytest.approx(2.9)
    # 60 tokens in the 4 seconds of the answers whose tokens were counted.
    assert (base["tokens_per_second"], base["tokens"]) == (15.0, 30.0)
    assert base["low"] <= 2.0 <= base["high"]
    assert (api["tokens_per_second"], api["low"]) == (None, None)
    assert base["sentence"].startswith("base: 2 seconds an answer (")
    assert "15 tokens a second" in base["sentence"]
    assert "tokens" not in api["sentence"]


def test_intervals_are_those_of_scipys_bootstrap() -> None:
    generator = np.random.default_rng(5)
    seconds = generator.gamma(2.0, 0.5, 80)
    tokens = generator.integers(5, 200, 80)
    rows = [("v", f"e{n:02d}", float(s), int(t)) for n, (s, t) in enumerate(zip(seconds, tokens, strict=True))]
    found = speeds_of(timed_rows(rows), resamples=20_000).row(0, named=True)
    mean = bootstrap((seconds,), np.mean, n_resamples=20_000, method="percentile", rng=1).confidence_interval
    assert (found["low"], found["high"]) == pytest.approx(tuple(mean), rel=0.01)
    ratio = bootstrap(
        (tokens.astype(float), seconds),
        lambda a, b, axis: a.sum(axis) / b.sum(axis),
        paired=True,
        n_resamples=20_000,
        method="percentile",
        rng=2,
    ).confidence_interval
    assert (found["tokens_low"], found["tokens_high"]) == pytest.approx(tuple(ratio), rel=0.02)


def test_copies_of_one_example_are_one_unit() -> None:
    rows = [("v", f"e{n}", float(n // 10), 5) for n in range(40)]
    groups = pl.DataFrame({"example_id": [f"e{n}" for n in range(40)], "group_id": [f"g{n // 10}" for n in range(40)]})
    alone = speeds_of(timed_rows(rows)).row(0, named=True)
    grouped = speeds_of(timed_rows(rows), groups).row(0, named=True)
    assert grouped["seconds"] == alone["seconds"]
    assert grouped["high"] - grouped["low"] > 1.5 * (alone["high"] - alone["low"])


def test_what_was_not_timed_is_left_aside() -> None:
    assert speeds_of(pl.DataFrame(schema=TIMED)).schema == SPEEDS
    rows = [("v", "a", None, 3), ("v", "b", float("nan"), 3), ("v", "c", -1.0, 3), ("v", "d", 0.0, 3)]
    found = speeds_of(timed_rows(rows)).row(0, named=True)
    assert (found["n"], found["seconds"], found["tokens_per_second"]) == (1, 0.0, None)
    with pytest.raises(CurationError):
        speeds_of(pl.DataFrame({"variant": ["v"]}))
