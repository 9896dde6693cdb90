"""The committed sample data are what the generator writes, and the answer key tells what is in the lines."""

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from sample_data.generator.__main__ import write_sample_data

DATA = Path(__file__).parents[2] / "sample_data"
FILES = ("train.jsonl", "production.jsonl", "general.jsonl", "answer_key.jsonl", "README.md")
MAIN_KEYS = ["intent", "product", "urgency", "sentiment"]


def rows_of(name: str) -> list[dict]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def train() -> list[list[dict]]:
    return [row["messages"] for row in rows_of("train.jsonl")]


@pytest.fixture(scope="module")
def key() -> list[dict]:
    return rows_of("answer_key.jsonl")


def of_fault(key: list[dict], fault: str) -> list[dict]:
    return [row for row in key if row["fault"] == fault]


def test_generator_writes_the_committed_bytes(tmp_path):
    write_sample_data(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), f"{name} is not what the generator writes"


def test_another_seed_gives_other_examples_of_the_same_make_up(tmp_path, key, train):
    write_sample_data(tmp_path, seed=77)
    other = [json.loads(line) for line in (tmp_path / "answer_key.jsonl").read_text("utf-8").splitlines()]
    assert Counter(row["fault"] for row in other) == Counter(row["fault"] for row in key)
    lines = (tmp_path / "train.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == len(train)
    ours = {json.dumps(messages) for messages in train}
    shared = sum(json.dumps(json.loads(line)["messages"]) in ours for line in lines)
    assert shared < len(lines) / 10


def test_no_line_has_two_planted_faults(key):
    places = Counter((row["file"], row["line"]) for row in key)
    assert max(places.values()) == 1


def test_readme_counts_are_those_of_the_key(key):
    text = (DATA / "README.md").read_text(encoding="utf-8")
    stated = {fault: int(count) for fault, count in re.findall(r"^\| ([a-z-]+) \| (\d+) \|", text, re.MULTILINE)}
    assert stated == Counter(row["fault"] for row in key)
    assert all(count >= 40 for count in stated.values())


def test_exact_duplicates_repeat_their_line(train, key):
    for row in of_fault(key, "exact-duplicate"):
        assert train[row["line"] - 1] == train[row["details"]["of_line"] - 1]


def test_near_duplicates_change_the_question_only_and_little(train, key):
    for row in of_fault(key, "near-duplicate"):
        copy, original = train[row["line"] - 1], train[row["details"]["of_line"] - 1]
        assert copy[-1] == original[-1]
        assert copy[-2] != original[-2]
        assert jaccard(copy, original) >= 0.6
    assert len({row["details"]["edit"] for row in of_fault(key, "near-duplicate")}) == 6


def test_conflicts_answer_the_same_question_otherwise(train, key):
    for row in of_fault(key, "conflicting-answer"):
        one, other = train[row["line"] - 1], train[row["details"]["of_line"] - 1]
        assert one[:-1] == other[:-1]
        assert one[-1] != other[-1]


def test_wrong_labels_are_the_stated_ones(train, key):
    for row in of_fault(key, "wrong-label"):
        labels = json.loads(train[row["line"] - 1][-1]["content"])
        assert labels[row["details"]["field"]] == row["details"]["label"] != row["details"]["true_label"]


def test_key_style_lines_are_json_of_other_keys(train, key):
    for row in of_fault(key, "key-style"):
        labels = json.loads(train[row["line"] - 1][-1]["content"])
        assert len(labels) == 4
        assert not set(labels) & set(MAIN_KEYS)


def test_broken_json_does_not_parse(train, key):
    for row in of_fault(key, "broken-json"):
        with pytest.raises(json.JSONDecodeError):
            json.loads(train[row["line"] - 1][-1]["content"])


def test_truncated_replies_lack_their_farewell(train, key):
    for row in of_fault(key, "truncated"):
        text = train[row["line"] - 1][-1]["content"]
        assert "Take care" not in text
        assert text.startswith("Hello ")
        assert text[-1] not in ".!?"


def test_personal_data_stand_where_the_key_says(train, key):
    for row in of_fault(key, "personal-data"):
        place = -1 if row["details"]["where"] == "completion" else -2
        assert row["details"]["value"] in train[row["line"] - 1][place]["content"]
        digits = [int(digit) for digit in row["details"]["value"] if digit.isdigit()]
        if row["details"]["kind"] == "card":
            # Luhn: from the right every second digit doubled, 9 taken from what exceeds 9; the sum ends in 0.
            doubled = [2 * d - 9 * (2 * d > 9) if place % 2 else d for place, d in enumerate(reversed(digits))]
            assert sum(doubled) % 10 == 0
        if row["details"]["kind"] == "iban":
            # ISO 13616: country and check digits behind the rest, D = 13 and E = 14, leaves 1 modulo 97.
            text = row["details"]["value"].replace(" ", "")
            assert int(text[4:] + "1314" + text[2:4]) % 97 == 1


def test_lines_without_a_fault_are_whole(train, key):
    faulty = {row["line"] for row in key if row["file"] == "train.jsonl"}
    for line, messages in enumerate(train, start=1):
        if line in faulty:
            continue
        answer = messages[-1]["content"]
        if messages[0]["content"].startswith("Ticket by "):
            assert list(json.loads(answer)) == MAIN_KEYS
        else:
            assert answer.startswith("Hello ")
            assert answer.endswith("Take care, your Moorfern desk.")


def test_clean_lines_are_no_near_duplicates_of_each_other(train, key):
    faulty = {row["line"] for row in key if row["file"] == "train.jsonl"}
    clean = [messages for line, messages in enumerate(train, start=1) if line not in faulty]
    # Brute force over the pairs of every 7th example: 629 of 4,400 examples, 197,506 pairs.
    some = [bigrams(messages) for messages in clean[::7]]
    alike = sum(
        len(one & other) / len(one | other) >= 0.6 for place, one in enumerate(some) for other in some[place + 1 :]
    )
    assert len(clean) >= 4400
    assert alike == 0


def test_same_question_never_has_two_clean_answers(train, key):
    faulty = {row["line"] for row in key if row["file"] == "train.jsonl"}
    answers: dict[str, set[str]] = {}
    for line, messages in enumerate(train, start=1):
        if line not in faulty:
            answers.setdefault(json.dumps(messages[:-1]), set()).add(messages[-1]["content"])
    assert max(len(found) for found in answers.values()) == 1


def test_missing_topics_are_common_in_production_and_absent_from_training(train, key):
    gaps = of_fault(key, "gap")
    production = rows_of("production.jsonl")
    assert len(production) == 1500
    assert len(gaps) >= 0.2 * len(production)
    in_training = " ".join(messages[0]["content"] for messages in train).lower()
    for word in ("recall", "bluetooth", "recycl", "discount"):
        assert word not in in_training
        assert any(word in row["prompt"].lower() for row in production)


def bigrams(messages: list[dict]) -> set[tuple[str, str]]:
    words = re.findall(r"\w+", " ".join(message["content"] for message in messages).lower())
    return set(pairwise(words))


def jaccard(one: list[dict], other: list[dict]) -> float:
    a, b = bigrams(one), bigrams(other)
    return len(a & b) / len(a | b)
