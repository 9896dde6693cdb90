"""Planting faults: each function makes faulty examples and says, for the answer key, what is wrong with them.

A fault is a (name, example, details, partner) of `Planted`; the partner is the clean example that a duplicate or a
conflict refers to, and becomes its line in the answer key. Every fault can be seen in the data alone.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from sample_data.generator import company, payloads
from sample_data.generator.clean import Example, draw_new, labels_text, reply
from sample_data.generator.edits import EDITS, edit_text
from sample_data.generator.novelty import Novelty, bigrams

# An old export wrote the tickets of this channel with keys of another style; there it is the majority.
OLD_EXPORT = "mail"
CAMEL_KEYS = {
    "intent": "ticketIntent",
    "product": "productName",
    "urgency": "urgencyLevel",
    "sentiment": "customerSentiment",
}
OTHER_KEYS = {"intent": "type", "product": "item", "urgency": "priority", "sentiment": "mood"}

COUNTS = {
    "exact-duplicate": 240,
    "near-duplicate": 300,
    "conflicting-answer": 120,
    "wrong-label": 240,
    "key-style": 1800,
    "broken-json": 150,
    "truncated": 160,
    "empty": 50,
    "placeholder": 60,
    "refusal": 70,
    "off-topic": 80,
    "wrong-language": 80,
    "mojibake": 70,
    "personal-data": 80,
    "html": 50,
    "formula": 40,
}


@dataclass(frozen=True)
class Planted:
    """A faulty example, its fault, and the clean example that it repeats or contradicts."""

    fault: str
    example: Example
    details: dict[str, object] = field(default_factory=dict)
    partner: Example | None = None


@dataclass(frozen=True)
class Bench:
    """What a fault is planted with: the generator, the clean examples, and a source of new ones."""

    rng: random.Random
    clean: list[Example]
    seen: Novelty

    def new(self, task: str, kind: str = "", channel: str = "") -> Example:
        """Draw an example that is like none before."""
        kinds = company.INTENTS if task == "ticket" else company.TOPICS
        return draw_new(self.rng, self.seen, kind or self.rng.choice(list(kinds)), task, channel)

    def old(self, task: str = "") -> Example:
        """Pick a clean example of one turn."""
        while True:
            example = self.rng.choice(self.clean)
            if len(example.messages) == 2 and task in ("", example.task):
                return example


def similarity(one: Example, other: Example) -> float:
    """Return the Jaccard similarity of word bigrams of question and answer together."""
    a, b = (bigrams(f"{example.prompt}\n{example.completion}") for example in (one, other))
    return len(a & b) / len(a | b)


def exact_duplicate(bench: Bench, number: int) -> Planted:
    """Write a clean example once more, byte for byte."""
    example = bench.old()
    return Planted("exact-duplicate", example, {}, example)


def near_duplicate(bench: Bench, number: int) -> Planted:
    """Write a clean example once more with a light edit of its question; at least 0.6 similar."""
    kind = EDITS[number % len(EDITS)]
    while True:
        example = bench.old()
        edited = example.asked(edit_text(bench.rng, example.prompt, kind))
        alike = similarity(example, edited)
        if edited.prompt != example.prompt and alike >= 0.62:
            return Planted("near-duplicate", edited, {"edit": kind, "jaccard": round(alike, 3)}, example)


def conflicting_answer(bench: Bench, number: int) -> Planted:
    """Ask a clean example's question again and answer it otherwise."""
    example = bench.old("reply" if number % 3 else "ticket")
    if example.task == "ticket":
        intent = bench.rng.choice([other for other in company.INTENTS if other != example.facts["intent"]])
        facts = {**example.facts, "intent": intent, "urgency": bench.rng.choice(list(company.URGENCY))}
        return Planted("conflicting-answer", example.answered(labels_text(facts)), {"kind": "labels"}, example)
    facts = example.facts
    answer = reply(facts["name"], company.TOPICS[facts["topic"]][2], facts["product"])
    return Planted("conflicting-answer", example.answered(answer), {"kind": "answer"}, example)


def wrong_label(bench: Bench, number: int) -> Planted:
    """Label a new ticket wrongly in one field; every third is of a batch in which all radios became urgent."""
    field_name, choices = (("intent", company.INTENTS), ("urgency", company.URGENCY), ("sentiment", company.SENTIMENT))[
        number % 3
    ]
    example = bench.new("ticket")
    if number % 3 == 1:
        while example.facts["urgency"] == "high" or example.facts["product"] != "radio":
            example = bench.new("ticket")
        wrong = "high"
    else:
        wrong = bench.rng.choice([label for label in choices if label != example.facts[field_name]])
    details: dict[str, object] = {"field": field_name, "label": wrong, "true_label": example.facts[field_name]}
    return Planted("wrong-label", example.answered(labels_text({**example.facts, field_name: wrong})), details)


def key_style(bench: Bench, number: int) -> Planted:
    """Write a new ticket's labels under other keys: the old export's camelCase, or now and then a third style."""
    old_export = number % 19 != 0
    example = bench.new("ticket", channel=OLD_EXPORT if old_export else "")
    keys = CAMEL_KEYS if old_export else OTHER_KEYS
    answer = json.dumps({keys[key]: example.facts[key] for key in keys})
    return Planted("key-style", example.answered(answer), {"style": "camelCase" if old_export else "other keys"})


def broken_json(bench: Bench, number: int) -> Planted:
    """Break the JSON of a new ticket in one of five ways."""
    example = bench.new("ticket")
    whole = example.completion
    kind = ("cut", "single quotes", "missing comma", "trailing comma", "bare keys")[number % 5]
    broken = {
        "cut": whole[: bench.rng.randint(12, len(whole) - 2)],
        "single quotes": whole.replace('"', "'"),
        "missing comma": whole.replace(", ", " ", 1),
        "trailing comma": whole.replace("}", ",}"),
        "bare keys": whole.replace('"intent"', "intent").replace('"urgency"', "urgency"),
    }[kind]
    return Planted("broken-json", example.answered(broken), {"kind": kind})


def truncated(bench: Bench, number: int) -> Planted:
    """Stop a new reply in the middle of its sentence."""
    example = bench.new("reply")
    tokens = example.completion.split(" ")
    end = bench.rng.randint(4, len(tokens) - 7)
    return Planted(
        "truncated", example.answered(" ".join(tokens[:end]).rstrip(".,!")), {"words_left": end, "words": len(tokens)}
    )


def answered_by(
    texts: tuple[str, ...], fault: str, tasks: tuple[str, ...] = ("reply", "ticket")
) -> Callable[[Bench, int], Planted]:
    """Make the fault whose answer is one of fixed texts."""

    def plant(bench: Bench, number: int) -> Planted:
        return Planted(fault, bench.new(tasks[number % len(tasks)]).answered(texts[number % len(texts)]))

    return plant


def off_topic(bench: Bench, number: int) -> Planted:
    """Write an example that has nothing to do with a help desk."""
    ask, answer = payloads.OFF_TOPIC[number % len(payloads.OFF_TOPIC)]
    country = bench.rng.choice(list(payloads.COUNTRIES))
    slots = {
        "a": payloads.ADJECTIVES[number // len(payloads.OFF_TOPIC) % 12],
        "c": country,
        "d": payloads.COUNTRIES[country],
    }
    texts = (ask.format(**slots), answer.format(**slots))
    return Planted(
        "off-topic",
        Example(
            "other",
            [{"role": role, "content": text} for role, text in zip(("user", "assistant"), texts, strict=True)],
            {},
        ),
    )


def wrong_language(bench: Bench, number: int) -> Planted:
    """Answer a new English question in German, French or Spanish."""
    language = list(payloads.FOREIGN)[number % 3]
    example = bench.new("reply")
    texts = payloads.FOREIGN[language]
    return Planted(
        "wrong-language",
        example.answered(texts[number // 3 % len(texts)].format(n=example.facts["name"])),
        {"language": language},
    )


def mojibake(bench: Bench, number: int) -> Planted:
    """Add a sentence whose UTF-8 was read as Windows-1252, to the question or to the answer."""
    example = bench.new("reply")
    damaged = payloads.TYPOGRAPHIC[number % len(payloads.TYPOGRAPHIC)].encode().decode("cp1252", "replace")
    if number % 2:
        return Planted("mojibake", example.asked(f"{example.prompt} {damaged}"), {"where": "prompt"})
    return Planted("mojibake", example.answered(f"{example.completion} {damaged}"), {"where": "completion"})


def personal_data(bench: Bench, number: int) -> Planted:
    """Add invented personal data to a question, every fifth time to an answer."""
    kind = list(payloads.PERSONAL_SENTENCES)[number % 4]
    example = bench.new("reply" if number % 5 == 0 else ("reply", "ticket")[number // 4 % 2])
    name = example.facts.get("name", bench.rng.choice(company.NAMES))
    value = payloads.personal(bench.rng, kind, name)
    text = bench.rng.choice(payloads.PERSONAL_SENTENCES[kind]).format(v=value)
    if number % 5 == 0:
        return Planted(
            "personal-data",
            example.answered(f"{example.completion} {text}"),
            {"kind": kind, "value": value, "where": "completion"},
        )
    return Planted(
        "personal-data", example.asked(f"{example.prompt} {text}"), {"kind": kind, "value": value, "where": "prompt"}
    )


def html(bench: Bench, number: int) -> Planted:
    """Put markup that would run in a browser into the question or the answer of a new reply."""
    example = bench.new("reply")
    payload = payloads.HTML[number % len(payloads.HTML)].format(n=example.facts["name"], k=bench.rng.randint(1, 999))
    if number % 2:
        return Planted("html", example.asked(f"{example.prompt} {payload}"), {"where": "prompt"})
    return Planted("html", example.answered(f"{payload} {example.completion}"), {"where": "completion"})


def formula(bench: Bench, number: int) -> Planted:
    """Start the question or the answer of a new reply with a formula that a spreadsheet would run."""
    example = bench.new("reply")
    payload = payloads.FORMULAS[number % len(payloads.FORMULAS)].format(k=bench.rng.randint(1, 999))
    if number % 2:
        return Planted("formula", example.asked(f"{payload} {example.prompt}"), {"where": "prompt"})
    return Planted("formula", example.answered(f"{payload} {example.completion}"), {"where": "completion"})


PLANTERS: dict[str, Callable[[Bench, int], Planted]] = {
    "exact-duplicate": exact_duplicate,
    "near-duplicate": near_duplicate,
    "conflicting-answer": conflicting_answer,
    "wrong-label": wrong_label,
    "key-style": key_style,
    "broken-json": broken_json,
    "truncated": truncated,
    "empty": answered_by(payloads.EMPTY, "empty"),
    "placeholder": answered_by(payloads.PLACEHOLDERS, "placeholder"),
    "refusal": answered_by(payloads.REFUSALS, "refusal"),
    "off-topic": off_topic,
    "wrong-language": wrong_language,
    "mojibake": mojibake,
    "personal-data": personal_data,
    "html": html,
    "formula": formula,
}
