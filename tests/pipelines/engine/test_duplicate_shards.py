"""Duplicates over shards are those of the stage in memory, row for row, however the examples were cut."""

import random
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.duplicates.find import find_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.engine.executor import LocalExecutor
from pipelines.engine.shard_files import read_frames
from tests.pipelines.engine.shard_rows import as_in_memory, found_in_shards, pairs_frame, sample_examples

WORDS = (
    "red",
    "blue",
    "kettle",
    "lamp",
    "order",
    "parcel",
    "please",
    "where",
    "is",
    "my",
    "not",
    "no",
    "3",
    "5",
    "Ann",
)
FEW = DuplicateSettings(permutations=32, band_recall=0.9)


def same_as_in_memory(
    examples: pl.DataFrame, chosen: DuplicateSettings, shards: int, parts: int, folder: Path, seed: int = 0
) -> None:
    expected = find_duplicates(examples, chosen)
    groups, pairs = as_in_memory(found_in_shards(examples, folder, chosen, shards, parts, seed=seed))
    assert_frame_equal(pairs, expected.pairs, check_exact=True)
    assert_frame_equal(groups, expected.duplicates, check_exact=True)


@pytest.mark.parametrize(("shards", "parts"), [(1, 1), (4, 7)])
def test_the_sample_data_have_the_groups_that_they_have_in_memory(tmp_path: Path, shards: int, parts: int) -> None:
    examples = sample_examples(2_000)
    same_as_in_memory(examples, DuplicateSettings(), shards, parts, tmp_path)
    assert find_duplicates(examples).groups >= 20


@pytest.mark.parametrize("side", ["prompt", "completion", "last-turn"])
def test_whichever_side_is_compared(tmp_path: Path, side: str) -> None:
    chosen = DuplicateSettings.model_validate({**FEW.model_dump(), "side": side})
    same_as_in_memory(sample_examples(600), chosen, 3, 2, tmp_path)


def test_crowds_of_one_template_are_cut_short_as_in_memory(tmp_path: Path) -> None:
    draw = random.Random(4)
    prefix = "Please write a short and friendly poem for the birthday card of a colleague who likes"
    texts = [(f"{prefix} {draw.choice(WORDS)} {draw.choice(WORDS)} {number % 90}", "Here.") for number in range(260)]
    examples = pairs_frame(texts)
    same_as_in_memory(examples, FEW, 3, 3, tmp_path)
    crowds = read_frames((tmp_path / "duplicates" / "work" / "words" / "buckets").glob("*/crowds.parquet"))
    assert crowds.height > 260
    # So many that not every pair was looked at: the equality above is one of the shortened lists too.
    assert find_duplicates(examples, FEW).pairs.height < 260 * 259 // 2


SENTENCES = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@settings(max_examples=15, deadline=None)
@given(
    texts=st.lists(st.tuples(SENTENCES, SENTENCES), max_size=40),
    shards=st.integers(1, 4),
    parts=st.integers(1, 4),
    seed=st.integers(0, 9),
    threshold=st.sampled_from([0.3, 0.6, 1.0]),
)
def test_any_texts_in_any_number_and_order_of_shards(
    texts: list[tuple[str, str]], shards: int, parts: int, seed: int, threshold: float
) -> None:
    chosen = FEW.model_copy(update={"near_threshold": threshold})
    with tempfile.TemporaryDirectory() as folder:
        same_as_in_memory(pairs_frame(texts), chosen, shards, parts, Path(folder), seed)


def test_a_class_of_many_equal_rows_across_shards(tmp_path: Path) -> None:
    texts = [("Where is my parcel?", "On its way!" + "!" * number) for number in range(30)]
    texts += [("where is MY parcel", f"on its way {'.' * number}") for number in range(5)]
    texts += [("Where is my parcel now then?", "On its way."), ("", ""), ("?", "!")]
    same_as_in_memory(pairs_frame(texts), DuplicateSettings(fields_guard=False), 5, 3, tmp_path)


def test_processes_give_the_same_as_one(tmp_path: Path) -> None:
    examples = sample_examples(400)
    one = as_in_memory(found_in_shards(examples, tmp_path / "one", FEW, 2, 2))
    with LocalExecutor(2) as pool:
        two = as_in_memory(found_in_shards(examples, tmp_path / "two", FEW, 3, 3, pool, seed=5))
    for own, other in zip(one, two, strict=True):
        assert_frame_equal(own, other, check_exact=True)


def test_every_line_is_told_and_one_of_each_group_is_kept(tmp_path: Path) -> None:
    texts = [("Where is my red parcel now?", "On its way."), ("Who is it?", "It is me, Ben.")]
    examples = pairs_frame([*texts, texts[0], ("where is my red parcel now?", "on its way."), texts[1]])
    lines = read_frames(found_in_shards(examples, tmp_path, FEW, 3, 2).lines).sort("line")
    # Lines 1 and 3 are equal; of 1 and 4, complete and equally long, the one with the smaller id stays.
    one, other = examples["example_id"][0], examples["example_id"][3]
    kept = [one < other, True, False, other < one, False]
    assert lines["keep"].to_list() == kept
    assert lines["example_id"].to_list() == examples["example_id"].to_list()
    assert lines["representative_id"].to_list() == [
        min(one, other) if row in (0, 2, 3) else row_id for row, row_id in enumerate(examples["example_id"])
    ]
    assert lines["kind"].to_list() == [None if keep else "exact" for keep in kept]
