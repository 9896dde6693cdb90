"""Whole groups go to one split, ratios are met, and what was placed stays where it was."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES
from pipelines.splitting.assign import hash_of
from pipelines.splitting.settings import SPLITS, SplitSettings
from pipelines.splitting.split import ASSIGNMENTS, Split, split_examples

NO_GROUPS = pl.DataFrame(schema={"example_id": pl.String, "group_id": pl.String})


def fake_examples(count: int, seed: int = 0, strata: int = 0) -> pl.DataFrame:
    """Examples whose ids are random and whose content plays no part."""
    draw = random.Random(seed)
    frame = pl.DataFrame({"example_id": [f"{draw.getrandbits(128):032x}" for _ in range(count)]})
    frame = frame.with_columns(
        *(pl.lit("").cast(dtype, strict=False).alias(name) for name, dtype in EXAMPLES.items() if name != "example_id")
    )
    if strata:
        frame = frame.with_columns(stratum=pl.Series([f"s{draw.randrange(strata)}" for _ in range(count)]))
    return frame


def fake_groups(examples: pl.DataFrame, share: float, largest: int, seed: int = 0) -> pl.DataFrame:
    """Put about so large a share of the examples into groups of 2 to `largest`."""
    draw = random.Random(seed)
    ids = sorted(examples["example_id"])
    draw.shuffle(ids)
    rows, at, number = [], 0, 0
    while at < share * len(ids):
        size = draw.randint(2, largest)
        rows += [(example_id, f"g{number}") for example_id in ids[at : at + size]]
        at, number = at + size, number + 1
    return pl.DataFrame(rows, schema=NO_GROUPS.schema, orient="row")


def places(split: Split) -> dict[str, str]:
    return dict(split.assignments.select("example_id", "split").iter_rows())


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(20, 400),
    share=st.floats(0, 1),
    largest=st.integers(2, 9),
    seed=st.integers(0, 5),
    method=st.sampled_from(["balanced", "hash"]),
    strata=st.integers(0, 4),
)
def test_every_example_is_placed_once_and_no_group_is_parted(count, share, largest, seed, method, strata):
    examples = fake_examples(count, seed, strata)
    groups = fake_groups(examples, share, largest, seed)
    split = split_examples(examples, groups, SplitSettings(method=method, seed=seed))
    assert split.assignments.schema == ASSIGNMENTS
    assert split.assignments["example_id"].to_list() == sorted(examples["example_id"])
    joined = groups.join(split.assignments, on="example_id", suffix="_united")
    assert joined.group_by("group_id").agg(pl.col("split").n_unique())["split"].max() in (None, 1)
    assert split.assignments.select(pl.col("split").n_unique().over("group_id")).max().item() == 1
    smallest = split.assignments.select((pl.col("example_id").min().over("group_id") == pl.col("group_id")).all())
    assert smallest.item()
    if method == "balanced" and split.assignments["group_id"].n_unique() >= 20:
        assert set(split.assignments["split"]) == set(SPLITS)
    shuffled = split_examples(examples.sample(fraction=1, shuffle=True, seed=3), groups.reverse(), split.settings)
    assert shuffled.assignments.equals(split.assignments)


@pytest.mark.parametrize("strata", [0, 7, 60])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ratios_are_met_within_one_percent_where_groups_allow(strata, seed):
    examples = fake_examples(1500, seed, strata)
    groups = fake_groups(examples, 0.7, 12, seed)
    split = split_examples(examples, groups, SplitSettings(seed=seed))
    for name, share in split.settings.shares.items():
        assert split.ratios[name] == pytest.approx(share, abs=0.01)
    assert split.notes == []


def test_strata_keep_their_shares_in_every_split():
    examples = fake_examples(3000, 4).with_columns(stratum=pl.Series(["common"] * 2700 + ["rare"] * 300))
    split = split_examples(examples, fake_groups(examples, 0.3, 4), SplitSettings())
    joined = split.assignments.join(examples.select("example_id", "stratum"), on="example_id")
    rare = joined.group_by("split").agg((pl.col("stratum") == "rare").mean())
    assert rare["stratum"].to_list() == pytest.approx([0.1] * 3, abs=0.02)


def test_a_large_group_is_placed_where_there_is_room_and_the_missed_ratio_is_said():
    examples = fake_examples(100)
    ids = examples["example_id"].sort()
    groups = pl.DataFrame({"example_id": ids[:90], "group_id": ["g"] * 90})
    split = split_examples(examples, groups)
    assert split.ratios == {"train": 0.9, "validation": 0.05, "test": 0.05}
    assert (
        "train holds 90.0% of the examples instead of 80.0%: groups are not cut, and the largest of 11"
        in split.notes[0]
    )
    assert "One group holds 90 of 100 examples" in split.notes[-1]


def test_another_seed_gives_another_split():
    examples = fake_examples(200)
    assert places(split_examples(examples, NO_GROUPS)) != places(
        split_examples(examples, NO_GROUPS, SplitSettings(seed=1))
    )


def test_adding_data_never_moves_an_example_that_was_placed():
    old = fake_examples(800, 1)
    old_groups = fake_groups(old, 0.4, 5)
    before = split_examples(old, old_groups)
    added = fake_examples(500, 2)
    examples = pl.concat([old, added])
    # New examples join old groups too, and change the groups' smallest ids.
    ties = pl.DataFrame({"example_id": added["example_id"][:100], "group_id": [f"g{i % 20}" for i in range(100)]})
    groups = pl.concat([old_groups, ties])
    after = split_examples(examples, groups, previous=before.assignments)
    assert before.assignments["example_id"].is_in(after.assignments["example_id"].implode()).all()
    assert places(before).items() <= places(after).items()
    for name, share in after.settings.shares.items():
        assert after.ratios[name] == pytest.approx(share, abs=0.01)


def test_by_hash_nothing_moves_even_without_the_earlier_split():
    old, added = fake_examples(800, 1), fake_examples(500, 2)
    chosen = SplitSettings(method="hash")
    before = split_examples(old, NO_GROUPS, chosen)
    after = split_examples(pl.concat([old, added]), NO_GROUPS, chosen)
    assert places(before).items() <= places(after).items()
    # Worked by hand: below 0.8 train, below 0.9 validation, else test.
    for example_id, split in places(before).items():
        point = hash_of(example_id, 0)
        assert split == ("train" if point < 0.8 else "validation" if point < 0.9 else "test")


def test_without_the_earlier_split_few_examples_move():
    old, added = fake_examples(2000, 1), fake_examples(200, 2)
    before, after = (split_examples(frame, NO_GROUPS) for frame in (old, pl.concat([old, added])))
    moved = places(before).items() - places(after).items()
    assert len(moved) < 0.02 * old.height


def test_groups_that_new_links_join_go_where_they_were_seen_most():
    examples = fake_examples(100)
    before = split_examples(examples, NO_GROUPS)
    train = before.assignments.filter(pl.col("split") == "train")["example_id"][0]
    test = before.assignments.filter(pl.col("split") == "test")["example_id"][0]
    groups = pl.DataFrame({"example_id": [train, test], "group_id": ["new", "new"]})
    after = split_examples(examples, groups, previous=before.assignments)
    assert places(after)[test] == "train"
    assert "1 examples had to move" in after.notes[0]


def test_a_share_of_nothing_gets_nothing():
    split = split_examples(fake_examples(50), NO_GROUPS, SplitSettings(train=0.9, validation=0.0, test=0.1))
    assert split.ratios == {"train": 0.9, "validation": 0.0, "test": 0.1}


def test_the_smallest_data_fills_every_split():
    split = split_examples(fake_examples(3), NO_GROUPS)
    assert sorted(places(split).values()) == ["test", "train", "validation"]


def test_bad_settings_and_too_little_data_are_refused():
    with pytest.raises(CurationError, match=r"add up to 1\.1"):
        SplitSettings(train=0.9)
    with pytest.raises(CurationError, match="Nothing would be left to train on"):
        SplitSettings(train=0, validation=0.5, test=0.5)
    with pytest.raises(CurationError, match="2 examples in 2 groups"):
        split_examples(fake_examples(2), NO_GROUPS)
    examples = fake_examples(10)
    groups = pl.DataFrame({"example_id": examples["example_id"], "group_id": ["g"] * 10})
    with pytest.raises(CurationError, match="10 examples in 1 groups"):
        split_examples(examples, groups)
    with pytest.raises(CurationError, match="named 'dev'"):
        split_examples(examples, NO_GROUPS, previous=pl.DataFrame({"example_id": ["a"], "split": ["dev"]}))
