from hashlib import blake2b

import polars as pl
import pytest

from workbench.run_data import raw_split


def members(counts: dict[tuple[str, bool], int]) -> pl.DataFrame:
    rows = [(split, included) for (split, included), count in counts.items() for _ in range(count)]
    ids = [blake2b(str(number).encode(), digest_size=16).hexdigest() for number in range(len(rows))]
    return pl.DataFrame(rows, schema=["split", "included"], orient="row").with_columns(example_id=pl.Series(ids))


def test_raw_data_holds_out_the_same_share_of_what_was_dropped() -> None:
    known = members({("train", True): 800, ("validation", True): 200, ("test", True): 100, ("train", False): 10_000})
    known = pl.concat([known, members({("validation", False): 5, ("test", False): 7})])
    split = raw_split(known)
    dropped = known.with_columns(raw=split).filter(~pl.col("included") & (pl.col("split") == "train"))
    # A fifth of 10,000, four standard deviations of a binomial draw.
    assert (dropped["raw"] == "validation").sum() == pytest.approx(2_000, abs=160)
    others = known.with_columns(raw=split).filter(pl.col("included") | (pl.col("split") != "train"))
    assert others["raw"].equals(others["split"].alias("raw"))


def test_more_lines_move_no_old_one_and_nothing_is_held_out_without_a_validation_split() -> None:
    known = members({("train", True): 80, ("validation", True): 20, ("train", False): 500})
    assert raw_split(known).head(400).equals(raw_split(known.head(400)))
    without = known.filter(pl.col("split") == "train")
    assert set(raw_split(without)) == {"train"}
    assert raw_split(known.clear()).len() == 0
