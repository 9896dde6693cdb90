"""The training examples: clean ones of both tasks, the planted faults between them, and the answer key of the lines."""

import random

from sample_data.generator import company
from sample_data.generator.clean import CLEAN_LIMIT, Example, Messages, draw_new
from sample_data.generator.faults import COUNTS, PLANTERS, Bench, Planted
from sample_data.generator.novelty import Novelty

CLEAN_EACH_TASK = 2200


def clean_examples(rng: random.Random, seen: Novelty) -> list[Example]:
    """Draw the clean examples, all intents and all topics equally often."""
    intents = list(company.INTENTS)
    topics = list(company.TOPICS)
    examples = [draw_new(rng, seen, intents[number % len(intents)], "ticket") for number in range(CLEAN_EACH_TASK)]
    return examples + [draw_new(rng, seen, topics[number % len(topics)], "reply") for number in range(CLEAN_EACH_TASK)]


def training_lines(seed: int) -> tuple[list[Messages], list[dict[str, object]], list[str]]:
    """Return the conversations in file order, the answer key, and the task of each line."""
    rng = random.Random(seed)
    seen = Novelty(CLEAN_LIMIT)
    clean = clean_examples(rng, seen)
    bench = Bench(rng, clean, seen)
    planted = [PLANTERS[fault](bench, number) for fault, count in COUNTS.items() for number in range(count)]
    rows: list[Example | Planted] = [*clean, *planted]
    rng.shuffle(rows)
    line_of = {id(row): line for line, row in enumerate(rows, start=1) if isinstance(row, Example)}
    key: list[dict[str, object]] = []
    for line, row in enumerate(rows, start=1):
        if isinstance(row, Planted):
            details = dict(row.details)
            if row.partner is not None:
                details["of_line"] = line_of[id(row.partner)]
            key.append({"file": "train.jsonl", "line": line, "fault": row.fault, "details": details})
    examples = [row.example if isinstance(row, Planted) else row for row in rows]
    return [example.messages for example in examples], key, [example.task for example in examples]
