"""What the scorers of habits find: padding, links, hard prose and foreign forms planted in real answers.

    python -m tests.benchmarks.habit_figures [--seed 0]

Into the answers of `alpaca` (half a, those of three words or more) are planted, each in answers of its own at random:

    boilerplate    one of three closing sentences                                    3 % of the answers
    url_only       the answer replaced by one to three links, bare or with "See"     1 %
    readability    all sentences of an answer of 80 words or more made one           1 %
    format_drift   3.5 -> 3,5   - item -> * item   1. -> 1)   5% -> 5 %              5 % of the answers that have one

A form is foreign where most answers have the other, so that of every form only a few answers are changed. Recall is of
what was planted, "others" the share of the untouched answers that the scorer flags; some of these are true findings.
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import polars as pl

from pipelines.examples import examples_frame
from pipelines.quality.score import score_examples
from pipelines.quality.settings import QualitySettings
from tests.benchmarks.public_data import conversation, rows_of, tell

SCORERS = ("boilerplate", "format_drift", "readability", "url_only")
CLOSINGS = (
    "I hope this helps!",
    "Let me know if you have any other questions.",
    "Please do not hesitate to ask if anything is unclear.",
)
FORMS: tuple[tuple[str, str, str], ...] = (
    ("decimals", r"(?<=\s)(\d+)\.(\d{1,2})(?=[ ,;!?]|$)", r"\1,\2"),
    ("bullets", r"(?m)^- ", "* "),
    ("numbered lists", r"(?m)^(\d)\. ", r"\1) "),
    ("percentages", r"(\d)%", r"\1 %"),
)
CODE = re.compile(r"```|</\w+>|[;{}]\s*\n")


def main(seed: int) -> None:
    """Plant, score, and print what was found of each kind."""
    rows = rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")
    prompts = ["\n".join(filter(None, (row["instruction"], row["input"]))) for row in rows]
    answers = [row["output"] for row in rows]
    planted = _plant(answers, np.random.default_rng(seed))
    examples = examples_frame([conversation(*turn) for turn in zip(prompts, answers, strict=True)])
    ids = examples["example_id"].to_list()
    findings = score_examples(examples, QualitySettings(scorers=SCORERS)).findings
    found = {name: set(findings.filter(pl.col("scorer") == name)["example_id"]) for name in SCORERS}
    touched = {ids[row] for members in planted.values() for row in members}
    table = []
    for kind, members in sorted(planted.items()):
        name = kind.split(":")[0]
        mine = {ids[row] for row in members}
        others = set(ids) - touched
        table.append(
            (kind, len(mine), len(found[name] & mine) / max(len(mine), 1), len(found[name] & others) / len(others))
        )
    tell(
        f"Habits planted in {len(rows):,} Alpaca answers",
        ("planted", "answers", "recall", "others flagged"),
        table,
        {kind: {"planted": count, "recall": recall, "others": others} for kind, count, recall, others in table},
    )


def _plant(answers: list[str], random: np.random.Generator) -> dict[str, list[int]]:
    """Change answers in place; return the rows that were changed, by kind."""
    planted: dict[str, list[int]] = defaultdict(list)
    order = [int(row) for row in random.permutation(len(answers)) if len(answers[row].split()) >= 3]

    def change(kind: str, share: float, fits: Callable[[str], bool], make: Callable[[str], str]) -> None:
        free = [row for row in order if not any(row in rows for rows in planted.values()) and fits(answers[row])]
        for row in free[: max(1, round(share * len(free)))]:
            answers[row] = make(answers[row])
            planted[kind].append(row)

    for thing, pattern, other in FORMS:
        has = re.compile(pattern)
        change(
            f"format_drift: {thing}",
            0.05,
            lambda text, has=has: has.search(text) is not None and CODE.search(text) is None,
            lambda text, has=has, other=other: has.sub(other, text),
        )
    change("readability", 0.01, lambda text: len(text.split()) >= 80 and CODE.search(text) is None, _one_sentence)
    change("url_only", 0.01, lambda text: True, lambda text: _links(random))
    for closing in CLOSINGS:
        change("boilerplate", 0.01, lambda text: True, lambda text, closing=closing: _closed(text, closing))
    return planted


def _closed(text: str, closing: str) -> str:
    return f"{text.rstrip()}{' ' if text.rstrip()[-1] in '.!?' else chr(10)}{closing}"


def _one_sentence(text: str) -> str:
    return re.sub(r"[.!?:]*\s*\n+\s*|[.!?:]+\s+", ", and ", text.strip().rstrip(".!?:")) + "."


def _links(random: np.random.Generator) -> str:
    links = [f"https://help.example.com/pages/{random.integers(1000)}" for _ in range(random.integers(1, 4))]
    return str(random.choice(["", "See ", "More information: "])) + "\n".join(links)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    main(parser.parse_args().seed)
