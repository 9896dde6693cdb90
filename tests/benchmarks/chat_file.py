"""A large chat file for benchmarks: seeded, varied, not trivially compressible, about 850 bytes a line.

    {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}

Words are drawn from 20,000 made-up ones by Zipf's law, so that text compresses as prose does (to about a third) and no
two lines are alike. One line in ten has a system message, one in ten four messages, one in four a list or code with
line breaks, quotes and tabs, and some hold accents, other scripts and emoji.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 10_000
WORDS = 20_000
_SYLLABLE_TEXT = (
    "ba be bi bo bu da de di do du fa fe ga ge go ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe po"
    " ra re ri ro sa se si so ta te ti to va ve vi vo wa we za ze bal der fin gor hus jan kel lum mer nor pil quo ris"
)
_SYLLABLES = tuple(_SYLLABLE_TEXT.split())
_MARKS = (
    *(", ", ". ", ": ", "\n- ", ' "', '" ', "\n\n", "\t"),
    *(" é ", " naïve ", " 中文 ", " 🙂 ", "\n    return {", "}\n"),
)


def write_chat_file(path: Path, rows: int, seed: int = 0, *, ascii_only: bool = False) -> None:
    """Write a file of `rows` conversations as JSON Lines.

    Args:
        path: the file.
        rows: number of lines.
        seed: equal seeds give equal files.
        ascii_only: whether other letters are written as \\u escapes.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for block in conversations(rows, seed):
            file.writelines(json.dumps({"messages": messages}, ensure_ascii=ascii_only) + "\n" for messages in block)


def conversations(rows: int, seed: int = 0) -> Iterator[list[list[dict[str, Any]]]]:
    """Yield blocks of conversations."""
    random = np.random.default_rng(seed)
    words = _vocabulary(random)
    shares = 1.0 / np.arange(10, WORDS + 10)
    cumulative = np.cumsum(shares / shares.sum())
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        yield _block(count, words, cumulative, random)


def _vocabulary(random: np.random.Generator) -> np.ndarray:
    syllables = np.array(_SYLLABLES)
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(random.choice(syllables, size=int(random.integers(1, 5))))] = None
    return np.array(list(words), dtype=object)


def _block(
    count: int, words: np.ndarray, cumulative: np.ndarray, random: np.random.Generator
) -> list[list[dict[str, Any]]]:
    asked = np.clip(random.lognormal(3.1, 0.6, count), 3, 400).astype(int)
    answered = np.clip(random.lognormal(4.14, 0.65, count), 4, 2_000).astype(int)
    kinds = random.random((count, 3))
    places = np.searchsorted(cumulative, random.random(int(asked.sum() + answered.sum())))
    drawn = words[np.minimum(places, WORDS - 1)]
    marks = random.integers(0, len(_MARKS), (count, 4))
    block = []
    at = 0
    for row in range(count):
        prompt = " ".join(drawn[at : at + asked[row]]).capitalize() + "?"
        at += asked[row]
        answer = drawn[at : at + answered[row]].tolist()
        at += answered[row]
        system, several, marked = kinds[row]
        if marked < 0.25:
            for mark in marks[row]:
                answer.insert(int(mark) * len(answer) // len(_MARKS), _MARKS[mark])
        messages = [{"role": "user", "content": prompt}]
        if several < 0.1:
            half = len(answer) // 2
            messages.append({"role": "assistant", "content": " ".join(answer[:half])})
            messages.append({"role": "user", "content": f"{' '.join(answer[-5:])}?"})
            answer = answer[half:]
        messages.append({"role": "assistant", "content": " ".join(answer)})
        if system < 0.1:
            messages.insert(
                0, {"role": "system", "content": f"You are a {drawn[at - 1]} assistant for {drawn[at - 2]}."}
            )
        block.append(messages)
    return block
