"""Caps and quotas: by hand, and as properties over drawn pools."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.coverage.balance import EFFECTS, POOL, effective_number, propose_balance
from pipelines.errors import CurationError


def pool(sizes: dict[str | None, int], fixed: int = 0) -> pl.DataFrame:
    groups = [group for group, size in sizes.items() for _ in range(size)]
    return pl.DataFrame(
        {
            "example_id": [f"{row:04}" for row in range(len(groups))],
            "group": groups,
            "quality": [row % 10 / 10 for row in range(len(groups))],
            "fixed": [row < fixed for row in range(len(groups))],
        },
        schema=POOL,
    )


def test_a_cap_removes_the_lowest_quality_of_what_is_too_much() -> None:
    rows = pool({"orders": 30, "tax": 10})
    found = propose_balance(rows, cap=15)
    # 30 orders have three of each quality 0.0 to 0.9: the fifteen below 0.5 go.
    assert found.removed == sorted(rows.filter((pl.col("group") == "orders") & (pl.col("quality") < 0.5))["example_id"])
    assert found.effects.schema == EFFECTS
    assert found.effects.select("group", "examples", "left").rows() == [("orders", 30, 15), ("tax", 10, 10)]
    assert found.effects["share_left"].to_list() == pytest.approx([0.6, 0.4])
    assert found.effective_left > found.effective


def test_quotas_hold_in_what_is_left_and_the_others_keep_their_proportion() -> None:
    found = propose_balance(pool({"a": 600, "b": 200, "c": 100, "d": 100}), quotas={"c": 0.25})
    # The 100 of c are a quarter of 400; the other 300 stand 600 : 200 : 100, a third of each.
    left = dict(found.effects.select("group", "left").rows())
    assert left == {"a": 200, "b": 67, "c": 100, "d": 33}


def test_quotas_of_all_leave_nothing_of_a_group_without_one() -> None:
    found = propose_balance(pool({"a": 50, "b": 20, None: 9}), quotas={"a": 0.5, "b": 0.5})
    assert dict(found.effects.select("group", "left").rows()) == {"a": 20, "b": 20, "none": 0}


def test_what_is_fixed_stays_and_is_counted() -> None:
    found = propose_balance(pool({"a": 30, "b": 5}, fixed=12), cap=10)
    assert not set(found.removed) & {f"{row:04}" for row in range(12)}
    assert dict(found.effects.select("group", "left").rows()) == {"a": 12, "b": 5}


def test_without_cap_or_quota_it_says_how_the_groups_stand() -> None:
    found = propose_balance(pool({"a": 90, "b": 90, "c": 4}))
    assert found.removed == []
    assert found.effective == found.effective_left
    assert found.effects.filter("thin")["group"].to_list() == ["c"]
    empty = propose_balance(POOL.to_frame())
    assert (empty.removed, empty.effective, empty.effects.height) == ([], 0.0, 0)


def test_effective_number_is_that_of_equal_groups() -> None:
    assert effective_number(np.array([7, 7, 7, 0])) == pytest.approx(3)
    assert effective_number(np.array([5])) == pytest.approx(1)
    # Entropy of 1/2, 1/4, 1/4 is 1.5 bits.
    assert effective_number(np.array([2, 1, 1])) == pytest.approx(2**1.5)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    share=st.floats(0.05, 0.95),
    cap=st.none() | st.integers(1, 40),
)
def test_a_proposal_meets_its_quota_and_its_cap(sizes: list[int], share: float, cap: int | None) -> None:
    rows = pool({f"g{place}": size for place, size in enumerate(sizes)})
    found = propose_balance(rows, cap=cap, quotas={"g0": share})
    shuffled = propose_balance(rows.sample(fraction=1.0, shuffle=True, seed=1), cap=cap, quotas={"g0": share})
    assert (found.removed, found.effects.rows()) == (shuffled.removed, shuffled.effects.rows())
    left = dict(found.effects.select("group", "left").rows())
    assert sum(left.values()) == rows.height - len(found.removed)
    assert all(count <= (cap or count) for count in left.values())
    if len(sizes) > 1:
        # Each group is rounded by half an example at most, so is the whole.
        assert abs(left["g0"] - share * sum(left.values())) <= 0.5 + share * (len(sizes) / 2)


@pytest.mark.parametrize(
    ("cap", "quotas", "said"),
    [
        (0, {}, "cap of 0"),
        (None, {"x": 0.1}, "no group 'x'"),
        (None, {"a": 0.0}, "quota of 0% for 'a' cannot be met"),
        (None, {"a": 0.7, "b": 0.7}, "add up to 140%"),
    ],
)
def test_what_cannot_be_met_is_said(cap: int | None, quotas: dict[str, float], said: str) -> None:
    with pytest.raises(CurationError, match=said):
        propose_balance(pool({"a": 3, "b": 3}), cap=cap, quotas=quotas)
