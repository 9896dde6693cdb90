"""Agreement on a scale, against Krippendorff's published example and an independent implementation."""

import json
import math
import os
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.rating.scale_agreement import scale_alpha, share_within

PUBLIC_DATA = Path(os.environ.get("WORKBENCH_PUBLIC_DATA") or Path(__file__).parents[4] / "shared" / "data")

# Krippendorff 2011, section C: four raters, twelve units, gaps; ordinal 0.815, interval 0.849.
N = None
RATERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, N],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 3],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
UNITS = list(zip(*RATERS, strict=True))


def test_the_published_example_comes_out_to_three_decimals() -> None:
    ordinal, interval = scale_alpha(UNITS), scale_alpha(UNITS, "interval")
    assert ordinal == pytest.approx(0.815, abs=0.0005)
    assert interval == pytest.approx(0.849, abs=0.0005)
    path = PUBLIC_DATA / "agreement_tables" / "agreement_tables_a.jsonl"
    if path.exists():
        tables = {row["name"]: row for row in map(json.loads, path.read_text("utf-8").splitlines())}
        table = tables["raw_4raters"]
        assert list(table["raters"].values()) == RATERS
        assert ordinal == pytest.approx(table["recomputed"]["krippendorff_alpha_ordinal"], abs=1e-6)
        assert interval == pytest.approx(table["recomputed"]["krippendorff_alpha_interval"], abs=1e-6)


scores = st.one_of(st.none(), st.integers(1, 5))


@settings(max_examples=60, deadline=None)
@given(units=st.lists(st.lists(scores, min_size=3, max_size=3), min_size=2, max_size=15))
def test_alpha_equals_the_package_on_any_table(units: list[list[int | None]]) -> None:
    pairable = [score for unit in units if sum(one is not None for one in unit) > 1 for score in unit]
    if len({score for score in pairable if score is not None}) < 2:
        assert scale_alpha(units) is None
        return
    table = np.array([[math.nan if score is None else score for score in unit] for unit in units], dtype=float).T
    for level in ("ordinal", "interval"):
        oracle = krippendorff.alpha(reliability_data=table, level_of_measurement=level)
        assert scale_alpha(units, level) == pytest.approx(oracle, abs=1e-12)


def test_shares_within_a_point_average_over_units_by_hand() -> None:
    # Pairs of (4, 4, 5): one of three the same, all within a point. Of (1, 3): none and none. (2,) is no pair.
    units = [[4, 4, 5], [1, 3], [2], [None, 2]]
    assert share_within(units, 0) == pytest.approx((1 / 3 + 0) / 2)
    assert share_within(units, 1) == pytest.approx((1 + 0) / 2)
    assert share_within([[2], []], 1) is None


def test_where_everybody_says_the_same_alpha_is_not_defined_and_nothing_is_divided_by_nought() -> None:
    assert scale_alpha([[3, 3], [3, 3]]) is None
    assert scale_alpha([[3], [4]]) is None
    assert scale_alpha([]) is None
    assert scale_alpha([[1, 1], [5, 5]]) == 1.0
    assert share_within([[3, 3]], 0) == 1.0
