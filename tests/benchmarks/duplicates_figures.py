"""Near-duplicates on Alpaca with planted edits: what is found of each kind, and the time beside datasketch.

    python -m tests.benchmarks.duplicates_figures [--rows 25813] [--seed 7]

Three rows of ten get a copy with one edit of seven kinds; one of twenty a copy in which every number is changed and
nothing else (no duplicate). Both engines read the same texts on one core; the peer is datasketch's MinHash and
MinHashLSH with its defaults (128 permutations, threshold 0.7, three words a shingle).
"""

import argparse
import random
import re
import time
from collections import Counter, defaultdict

import polars as pl

from pipelines.duplicates.find import find_duplicates
from pipelines.duplicates.near import find_near_duplicates
from pipelines.examples import examples_frame
from tests.benchmarks.public_data import conversation, rows_of, tell

NUMBER = re.compile(r"\d+")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
SYNONYMS = dict(
    pair.split(":")
    for pair in [
        "big:large",
        "small:little",
        "important:crucial",
        "use:employ",
        "help:assist",
        "show:display",
        "make:create",
        "begin:start",
        "many:numerous",
        "good:fine",
        "quick:fast",
        "different:distinct",
        "also:additionally",
        "provide:give",
        "ensure:guarantee",
    ]
)


def main() -> None:
    """Plant, find, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=25_813)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    draw = random.Random(chosen.seed)
    turns = [
        ("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"])
        for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")[: chosen.rows]
    ]
    turns = list(dict.fromkeys(turn for turn in turns if turn[1].strip()))
    planted: list[tuple[int, str]] = []
    copies: list[tuple[str, str]] = []
    for place, turn in enumerate(turns):
        kind = draw.choice([*EDITS, "numbers only"]) if draw.random() < 0.35 else None
        edited = None if kind is None else _numbers(turn) if kind == "numbers only" else EDITS[kind](turn, draw)
        if kind is not None and edited is not None and edited != turn:
            planted.append((place, kind))
            copies.append(edited)
    examples = examples_frame([conversation(*turn) for turn in turns + copies])
    ids = examples["example_id"].to_list()
    began = time.process_time()
    near = find_near_duplicates(examples)
    engine = time.process_time() - began
    began = time.process_time()
    found = find_duplicates(examples)
    whole = time.process_time() - began
    began = time.process_time()
    _datasketch([f"{prompt}\n{answer}" for prompt, answer in turns + copies])
    peer = time.process_time() - began
    pairs = set(found.pairs.filter(~pl.col("guarded")).select("example_a", "example_b").iter_rows())
    hits: dict[str, list[bool]] = defaultdict(list)
    for copy, (place, kind) in enumerate(planted, start=len(turns)):
        hits[kind].append(ids[copy] == ids[place] or tuple(sorted((ids[copy], ids[place]))) in pairs)
    table: list[tuple[object, ...]] = [(kind, len(hits[kind]), sum(hits[kind]) / len(hits[kind])) for kind in hits]
    table.sort(key=lambda row: (row[0] == "numbers only", str(row[0])))
    tell(
        f"Near-duplicates, {len(examples):,} rows",
        ("edit", "planted", "found as duplicate"),
        table,
        {
            "rows": len(examples),
            "found": {str(kind): round(float(str(share)), 4) for kind, _, share in table},
            "pairs": near.height,
            "below_threshold": int((near["similarity"] < 0.6).sum()),
            "guards": dict(Counter(found.pairs["guard"].drop_nulls())),
            "cpu_seconds_near": round(engine, 2),
            "cpu_seconds_all_kinds_and_guards": round(whole, 2),
            "cpu_seconds_datasketch": round(peer, 2),
            "datasketch_over_near": round(peer / engine, 1),
        },
    )


def _datasketch(texts: list[str]) -> int:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.7, num_perm=128)
    found = 0
    for place, text in enumerate(texts):
        words = re.findall(r"\w+", text.lower())
        sketch = MinHash(num_perm=128)
        sketch.update_batch([" ".join(words[at : at + 3]).encode() for at in range(max(len(words) - 2, 1))])
        found += len(index.query(sketch))
        index.insert(str(place), sketch)
    return found


Turn = tuple[str, str]


def _typo(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    long = [place for place, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if len(words) < 20 or not long:
        return None
    place = draw.choice(long)
    at = draw.randrange(1, len(words[place]) - 2)
    word = words[place]
    words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return turn[0], " ".join(words)


def _swap(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    if len(words) < 20:
        return None
    at = draw.randrange(len(words) - 1)
    words[at], words[at + 1] = words[at + 1], words[at]
    return turn[0], " ".join(words)


def _synonym(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    known = [place for place, word in enumerate(words) if word in SYNONYMS]
    if len(words) < 20 or not known:
        return None
    place = draw.choice(known)
    words[place] = SYNONYMS[words[place]]
    return turn[0], " ".join(words)


def _append(turn: Turn, draw: random.Random) -> Turn | None:
    return (turn[0], turn[1].rstrip() + " I hope that this helps.") if len(turn[1].split()) >= 30 else None


def _truncate(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    return (turn[0], " ".join(words[: int(0.9 * len(words))])) if len(words) >= 20 else None


def _reorder(turn: Turn, draw: random.Random) -> Turn | None:
    sentences = SENTENCE.split(turn[1])
    if len(sentences) < 3 or "\n" in turn[1]:
        return None
    at = draw.randrange(len(sentences) - 1)
    sentences[at], sentences[at + 1] = sentences[at + 1], sentences[at]
    return turn[0], " ".join(sentences)


def _case(turn: Turn, draw: random.Random) -> Turn | None:
    return (turn[0].upper(), turn[1].replace(",", "").replace(".", " !")) if len(turn[1].split()) >= 5 else None


def _numbers(turn: Turn) -> Turn | None:
    if not NUMBER.search(turn[0]) or not NUMBER.search(turn[1]):
        return None
    prompt, answer = (NUMBER.sub(lambda found: str(int(found[0][:12]) + 37), text) for text in turn)
    return prompt, answer


EDITS = {
    "typo": _typo,
    "two words swapped": _swap,
    "synonym": _synonym,
    "sentence appended": _append,
    "truncation": _truncate,
    "sentences reordered": _reorder,
    "case and punctuation": _case,
}

if __name__ == "__main__":
    main()
