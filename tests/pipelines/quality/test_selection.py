"""Leaving out a share: the choice of each way against sorted lists."""

import random

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.quality.selection import POOL, WAYS, select_worst


def pool(count: int) -> pl.DataFrame:
    generator = random.Random(0)
    return pl.DataFrame(
        {
            "example_id": [f"{n:04}" for n in range(count)],
            "quality": [generator.random() for _ in range(count)],
            "tokens": [generator.randrange(1, 500) for _ in range(count)],
            "source": [generator.choice(["a", "b"]) for _ in range(count)],
            "cluster": [generator.choice(["orders", None]) for _ in range(count)],
            "suggestion": "keep",
        },
        schema=POOL,
    )


def test_each_way_removes_what_a_sorted_list_begins_with() -> None:
    rows = pool(95)
    found = select_worst(rows, 0.1)
    by_quality = sorted(rows.iter_rows(named=True), key=lambda row: row["quality"])
    by_length = sorted(rows.iter_rows(named=True), key=lambda row: (row["tokens"], row["example_id"]))
    assert found.removed["worst"] == [row["example_id"] for row in by_quality[:9]]
    assert found.removed["shortest"] == [row["example_id"] for row in by_length[:9]]
    assert len(set(found.removed["random"])) == 9
    assert found.means["worst"]["quality"] == pytest.approx(sum(row["quality"] for row in by_quality[:9]) / 9)


def test_effects_count_every_example_once_a_grouping() -> None:
    found = select_worst(pool(200), 0.25)
    for _, group in found.effects.group_by("by"):
        assert group["examples"].sum() == 200
        assert [group[way].sum() for way in WAYS] == [50, 50, 50]
    cluster = found.effects.filter(pl.col("by") == "cluster")
    assert set(cluster["group"]) == {"orders", "none"}


def test_row_order_changes_nothing_and_nothing_comes_of_nothing() -> None:
    rows = pool(60)
    one, other = (select_worst(given, 0.3) for given in (rows, rows.sample(fraction=1, shuffle=True, seed=3)))
    assert one.removed == other.removed
    assert select_worst(rows.head(0), 0.1).removed == {way: [] for way in WAYS}
    assert select_worst(rows.head(5), 0.1).means == {}


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(CurationError, match="cannot be left out"):
        select_worst(pool(10), share)
