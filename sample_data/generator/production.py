"""What customers ask in production: another mix than the training examples, with topics that those lack.

Five topics are common here and absent from the training examples; part of the queries is misspelt, very short or
long-winded. Rows are `{"prompt": ...}`. The answer key lists the rows of missing topics as `gap`.
"""

import random

from sample_data.generator import company
from sample_data.generator.clean import capital, detail, product_name, question, ticket

ROWS = 1500
GAPS: dict[str, tuple[int, tuple[str, ...]]] = {
    "gift cards": (
        110,
        (
            "Where do I type in the code of my gift card",
            "my gift card shows a zero balance",
            "how long is a gift card valid",
            "can I pay with two gift cards at once",
            "the gift card code is not accepted",
            "I want to buy a gift card of {few} coins for my {kin}",
            "my gift card got lost, can you block it",
            "can I turn a gift card into cash",
        ),
    ),
    "phone app": (
        100,
        (
            "the app does not find my {p} over bluetooth",
            "I forgot the password of the app",
            "the app shuts down when I open the page of the {p}",
            "which phone do I need for the app",
            "the app says that the {p} is offline",
            "how do I pair the {p} with my new phone",
            "the app wants an update again and again",
            "how do I log in to the app with my {kin}'s phone",
        ),
    ),
    "recycling": (
        90,
        (
            "where can I recycle my old {p}",
            "do you take back the old {p} for recycling",
            "is the {p} electronic waste",
            "which bin is right for the {p}",
            "do you have a drop box for old devices in {town}",
            "what happens to a recycled {p}",
            "can I trade in my old {p} for scrap",
        ),
    ),
    "business orders": (
        80,
        (
            "we are a hotel in {town} and want {k} pieces of the {p}, is there a discount",
            "can our company pay by invoice in sixty days",
            "do you give a bulk price from {k} pieces",
            "we need an offer with our tax number for {k} {p}s",
            "is there a contract for schools",
            "can we print our hotel's logo on the {p}",
        ),
    ),
    "safety recall": (
        60,
        (
            "is my {p} part of the recall in the news",
            "I read that the {p} with serial number {n} is dangerous",
            "what do I do with a recalled {p}",
            "where is the serial number for the recall check of the {p}",
            "the radio news warned of the {p}, is it safe for children",
        ),
    ),
}
INTENT_WEIGHTS = {"refund": 1, "repair": 2, "delivery": 6, "billing": 3, "setup": 5, "cancel": 1}
TOPIC_WEIGHTS = {"shipping": 6, "travel": 4, "hours": 4, "noise": 3}


def typos(rng: random.Random, text: str, rate: float) -> str:
    """Drop, double or swap letters at a rate."""
    letters = list(text)
    for place in range(1, len(letters) - 1):
        if letters[place].isalpha() and rng.random() < rate:
            kind = rng.randrange(3)
            if kind == 0:
                letters[place] = ""
            elif kind == 1:
                letters[place] *= 2
            else:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def gap_query(rng: random.Random, topic: str) -> str:
    """Write a query of a topic that the training examples lack."""
    slots = {name: rng.choice(values) for name, values in company.SLOTS.items()}
    name = product_name(rng, rng.choice(list(company.PRODUCTS)))
    text = capital(
        rng.choice(GAPS[topic][1]).format(
            p=name, n=rng.randint(10000, 99999), k=rng.choice((12, 20, 40, 60, 150)), **slots
        )
    )
    text += (
        rng.choice(("?", "?", ".", ""))
        if text.split()[0] in ("Where", "How", "Can", "Do", "Is", "Which", "What")
        else rng.choice((".", "", "!"))
    )
    if rng.random() < 0.5:
        text = f"{text} {detail(rng)}"
    if rng.random() < 0.4:
        text = rng.choice(("Hello, {t}", "Hi! {t}", "{t} Thanks, {n}", "{t} {n}", "Good morning. {t}")).format(
            t=text, n=rng.choice(company.NAMES)
        )
    return text


def known_query(rng: random.Random) -> str:
    """Write a query of the two known tasks, at other weights, other lengths and without the ticket mark."""
    if rng.random() < 0.55:
        intent = rng.choices(list(INTENT_WEIGHTS), list(INTENT_WEIGHTS.values()))[0]
        text = ticket(rng, intent).messages[0]["content"].partition(": ")[2]
    else:
        topics = list(company.TOPICS)
        text = question(rng, rng.choices(topics, [TOPIC_WEIGHTS.get(topic, 1) for topic in topics])[0]).messages[0][
            "content"
        ]
    length = rng.random()
    if length < 0.2:
        text = text.split(". ")[0].split("! ")[-1]
    elif length > 0.85:
        text = " ".join((detail(rng), text, *(detail(rng) for _ in range(rng.randint(3, 7)))))
    return text


def production_lines(seed: int) -> tuple[list[dict[str, str]], list[dict[str, object]]]:
    """Return the rows in file order and their answer key."""
    rng = random.Random(seed)
    topics: list[str] = [topic for topic, (count, _) in GAPS.items() for _ in range(count)]
    topics += [""] * (ROWS - len(topics))
    rng.shuffle(topics)
    rows: list[dict[str, str]] = []
    key: list[dict[str, object]] = []
    for line, topic in enumerate(topics, start=1):
        text = gap_query(rng, topic) if topic else known_query(rng)
        if rng.random() < 0.35:
            text = typos(rng, text, 0.03)
        if rng.random() < 0.15:
            text = text.lower()
        rows.append({"prompt": text})
        if topic:
            key.append({"file": "production.jsonl", "line": line, "fault": "gap", "details": {"topic": topic}})
    return rows, key
