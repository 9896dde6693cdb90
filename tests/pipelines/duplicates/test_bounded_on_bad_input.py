"""Time, memory and results on input that breaks quadratic methods, and on scripts and texts without words."""

import itertools
import time

import numpy as np
import polars as pl
import pytest

from pipelines.duplicates.find import Duplicates, find_duplicates
from pipelines.duplicates.near import find_near_duplicates
from pipelines.duplicates.semantic import find_semantic_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.duplicates.shingles import word_shingles
from pipelines.examples import EXAMPLES, examples_frame


def frame(prompts: list[str], completions: list[str]) -> pl.DataFrame:
    """Build many rows at once; `messages` is not read unless the last turn is asked for."""
    ids = [f"{row:08}" for row in range(len(prompts))]
    return (
        pl.DataFrame({"example_id": ids, "prompt": prompts, "completion": completions})
        .select(
            "example_id",
            pl.lit("[]").alias("messages"),
            pl.lit("").alias("system"),
            "prompt",
            "completion",
            pl.lit(1, pl.Int32).alias("turns"),
            pl.lit(1, pl.Int32).alias("tokens"),
        )
        .match_to_schema(EXAMPLES)
    )


def timed(examples: pl.DataFrame, settings: DuplicateSettings | None = None) -> tuple[Duplicates, float]:
    began = time.process_time()
    return find_duplicates(examples, settings), time.process_time() - began


def test_200_000_identical_rows_are_one_group_with_a_pair_a_row() -> None:
    count = 200_000
    found, seconds = timed(frame(["Where is my order?"] * count, ["On its way."] * count))
    assert (found.groups, found.extra, len(found.pairs)) == (1, count - 1, count - 1)
    assert seconds < 30


def test_a_million_rows_of_one_vector_are_paired_with_the_first_and_rows_of_zeros_with_none() -> None:
    count = 1_000_000
    vectors = np.zeros((count, 4), dtype=np.float32)
    vectors[1:, 2] = 1.0
    began = time.process_time()
    found = find_semantic_duplicates(pl.DataFrame({"example_id": [f"{row:08}" for row in range(count)]}), vectors)
    assert len(found) == count - 2
    assert found["example_a"].unique().to_list() == ["00000001"]
    assert found["similarity"].unique().to_list() == [1.0]
    assert time.process_time() - began < 60


def test_thousands_of_rows_of_one_template_give_a_bounded_number_of_pairs_and_no_group() -> None:
    count = 3_000
    prompts = [f"Please multiply the number {row} by the number {row + 7} for me" for row in range(count)]
    found, seconds = timed(frame(prompts, [str(row * (row + 7)) for row in range(count)]))
    assert found.duplicates.is_empty()
    assert set(found.pairs["guard"]) == {"numbers"}
    assert len(found.pairs) < 100 * count
    assert seconds < 60


def test_a_copy_in_a_crowd_of_one_template_is_found() -> None:
    rows = [
        f"Please multiply the number {row} by the number {row + 7} for me at once, and be quick" for row in range(800)
    ]
    copies = [rows[row].replace("for me", "for us") for row in range(0, 800, 40)]
    found = find_duplicates(frame(rows + copies, ["The result."] * 820), DuplicateSettings(near_threshold=0.75))
    same = found.pairs.filter(~pl.col("guarded"))
    pairs = set(same.select("example_a", "example_b").iter_rows())
    assert sum((f"{40 * copy:08}", f"{800 + copy:08}") in pairs for copy in range(20)) >= 19


def test_two_texts_of_five_megabytes_are_compared_in_bounded_time() -> None:
    long = " ".join(f"w{place % 9_973}" for place in range(850_000))
    assert len(long) > 4_900_000
    found, seconds = timed(frame([long, long + " more", "short"], ["Done."] * 3))
    assert found.pairs.select("example_a", "example_b").rows() == [("00000000", "00000001")]
    assert seconds < 60


@pytest.mark.parametrize("threshold", [0.3, 1.0])
def test_the_lowest_and_the_highest_threshold_give_what_brute_force_gives(threshold: float) -> None:
    generator = np.random.default_rng(2)
    texts = [" ".join(generator.choice([f"w{n}" for n in range(12)], size=8)) for _ in range(60)]
    texts += [texts[0].upper(), f"{texts[1]}!"]
    settings = DuplicateSettings(near_threshold=threshold, short_words=0)
    found = find_near_duplicates(frame(texts, [""] * len(texts)), settings)
    sets = []
    for text in texts:
        words = text.lower().rstrip("!").split()
        sets.append(set(itertools.pairwise(words)))
    expected = {
        (f"{i:08}", f"{j:08}")
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if len(sets[i] & sets[j]) >= threshold * len(sets[i] | sets[j])
    }
    ours = set(found.select("example_a", "example_b").iter_rows())
    assert ours <= expected
    assert len(ours) >= 0.99 * len(expected)


@pytest.mark.parametrize("threshold", [-0.1, 0.0, 1.1])
def test_a_threshold_that_would_pair_everything_or_nothing_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="near_threshold"):
        DuplicateSettings(near_threshold=threshold)


def test_empty_and_one_word_texts_are_paired_with_their_like_only() -> None:
    found = find_duplicates(frame(["", "", "word", "Word", "other"], ["", "", "", "", ""]))
    assert found.pairs.select("example_a", "example_b", "kind").rows() == [
        ("00000000", "00000001", "exact"),
        ("00000002", "00000003", "exact"),
    ]


@pytest.mark.parametrize(
    ("text", "changed", "other"),
    [
        (
            "請問我上週買的藍色水壺要怎麼退貨給你們公司呢",
            "請問我上週買的藍色水壺要如何退貨給你們公司呢",
            "今天的天氣很好我們去公園散步吧朋友",
        ),
        ("ฉันจะส่งคืนกาต้มน้ำสีน้ำเงินที่ซื้อเมื่อสัปดาห์ที่แล้ว", "ฉันจะส่งคืนกาต้มน้ำสีน้ำเงินที่ซื้อเมื่อสัปดาห์ก่อน", "วันนี้อากาศดีมากเราไปเดินเล่นกันเถอะ"),
        (
            "先週買った青いやかんを返品したいのですがどうすればいいですか",
            "先週買った青いやかんを返品したいのですがどうしたらいいですか",
            "今日は天気がいいので公園へ散歩に行きましょう",
        ),
    ],
)
def test_scripts_without_spaces_are_compared_by_their_characters(text: str, changed: str, other: str) -> None:
    found = find_near_duplicates(frame([text, changed, other], ["好"] * 3))
    assert found.select("example_a", "example_b").rows() == [("00000000", "00000001")]


def test_words_across_pieces_of_the_buffer_and_in_rows_longer_than_a_piece_are_those_of_a_regular_expression() -> None:
    generator = np.random.default_rng(9)
    letters = np.array(list("abcdeXYZ019_ .,!\n\té日ß’"))
    texts = ["".join(generator.choice(letters, size=size)) for size in (0, 1, 5, 100, 70_000, 40_000, 3, 150_000, 17)]
    shingles, counts = word_shingles(pl.Series(texts), 1)
    words = pl.Series(texts).str.to_lowercase().str.extract_all(r"[\p{Han}]|[\w--[\p{Han}]]+")
    assert counts.tolist() == words.list.len().to_list()
    flat = words.explode(empty_as_null=False, keep_nulls=False).to_list()
    assert (
        len(set(flat))
        == len(set(shingles.hashes.tolist()))
        == len(set(zip(flat, shingles.hashes.tolist(), strict=True)))
    )


def test_many_short_rows_do_not_depend_on_the_order_of_rows() -> None:
    turns = [[{"role": "user", "content": f"word{n % 7} number{n % 5} thing{n % 3}"}] for n in range(105)]
    forward, backward = examples_frame(turns), examples_frame(turns[::-1])
    assert find_duplicates(forward).pairs.equals(find_duplicates(backward).pairs)


def test_words_of_a_million_letters_are_compared_in_bounded_time() -> None:
    word = "x" * 1_000_000
    other = "y" * 500_000 + "x" * 500_000
    found, seconds = timed(frame(["q", "q", "q", "z"], [word, word[:-1] + "y", other, "short"]))
    assert [(a, b) for a, b in found.pairs.select("example_a", "example_b").rows()] in ([], [("00000000", "00000001")])
    assert "00000002" not in found.duplicates["example_id"].to_list()
    assert seconds < 60
