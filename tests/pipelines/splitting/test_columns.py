"""Columns that are a source key, a time or a split are read as such, and others are refused with a remedy."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import CurationError
from pipelines.splitting.columns import (
    COLUMN,
    check_key,
    place_by_time,
    read_splits,
    read_times,
    suggest_key,
    suggest_time,
)

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def column(*values: str) -> pl.DataFrame:
    return pl.DataFrame({"example_id": [f"{i:03}" for i in range(len(values))], "value": values}, schema=COLUMN)


def test_a_key_is_suggested_by_name_and_shape():
    shared = column(*(f"c{i // 4}" for i in range(100)))
    columns = {
        "conversation_id": shared,
        "id": column(*(str(i) for i in range(100))),  # one value each holds nothing together
        "language": column(*("en" for _ in range(100))),
        "author": shared,  # no name of a key
    }
    found = suggest_key(columns, 100)
    assert (found.column, found.values, found.shared) == ("conversation_id", 25, 1.0)
    assert suggest_key({"group_id": column(*(f"{i % 3}" for i in range(100)))}, 100) is None
    assert suggest_key({}, 0) is None


def test_a_column_that_holds_most_together_is_no_key():
    with pytest.raises(CurationError, match="60 of 100 examples have the value 'en'"):
        check_key(column(*["en"] * 60, *map(str, range(40))), "lang", 100)
    check_key(column("a", "a", "b"), "key", 100)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024-05-31T12:30:00Z", datetime(2024, 5, 31, 12, 30, tzinfo=UTC)),
        ("2024-05-31T12:30:00+02:00", datetime(2024, 5, 31, 10, 30, tzinfo=UTC)),
        ("1717113600", datetime(2024, 5, 31, tzinfo=UTC)),
        ("1717113600000", datetime(2024, 5, 31, tzinfo=UTC)),
    ],
)
def test_dates_and_seconds_are_times(text, moment):
    assert read_times(column(text), "at")["time"].to_list() == [moment.timestamp()]


@pytest.mark.parametrize("text", ["2024", "yesterday", "12", "nan", "20240531", ""])
def test_what_is_no_time_is_refused_with_the_value(text):
    with pytest.raises(CurationError, match="is no time") as caught:
        read_times(column("2024-05-31", text), "at")
    assert text in caught.value.message


def test_a_times_column_is_known_by_its_name():
    assert suggest_time(["language", "created_at"]) == "created_at"
    assert suggest_time(["sometimes", "language"]) is None


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 60))
def test_no_group_of_test_begins_before_one_of_train(data, count):
    groups = data.draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    moments = data.draw(st.lists(st.integers(0, 1000), min_size=count, max_size=count))
    ids = [f"{i:03}" for i in range(count)]
    members = pl.DataFrame({"example_id": ids, "group_id": [f"g{group}" for group in groups]})
    times = pl.DataFrame({"example_id": ids, "time": [float(moment) for moment in moments]})
    placed = place_by_time(members, times, SHARES).join(members, on="example_id").join(times, on="example_id")
    assert placed.height == count
    assert placed.group_by("group_id").agg(pl.col("split").n_unique())["split"].max() == 1
    begins = placed.group_by("group_id", "split").agg(pl.col("time").min())
    order = begins.with_columns(rank=pl.col("split").replace_strict({"train": 0, "validation": 1, "test": 2}))
    ranks = order.sort("time", "rank")["rank"].to_list()
    assert ranks == sorted(ranks)


def test_by_time_the_shares_are_met_and_what_has_no_time_is_trained_on():
    ids = [f"{i:03}" for i in range(100)]
    members = pl.DataFrame({"example_id": ids, "group_id": ids})
    times = pl.DataFrame({"example_id": ids[10:], "time": [float(i) for i in range(90)]})
    placed = dict(place_by_time(members, times, SHARES).iter_rows())
    assert {split: list(placed.values()).count(split) for split in SHARES} == {
        "train": 80,
        "validation": 10,
        "test": 10,
    }
    assert {placed[name] for name in ids[:10]} == {"train"}


def test_names_of_splits_are_read_and_others_refused():
    assert read_splits(column("Train", "dev", "TEST", "val"), "part")["split"].to_list() == [
        "train",
        "validation",
        "test",
        "validation",
    ]
    with pytest.raises(CurationError, match="names no split in 'gold'"):
        read_splits(column("train", "gold"), "part")
    with pytest.raises(CurationError, match="No example has a value"):
        read_splits(column(), "part")
