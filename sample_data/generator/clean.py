r"""Clean examples of the two tasks: tickets to JSON, questions to replies, some of either over several turns.

{"messages": [{"role": "user", "content": "Ticket by mail: The Tavio kettle is broken. I need it today. ..."},
{"role": "assistant", "content": "{\"intent\": \"repair\", \"product\": \"kettle\", ...}"}]}
"""

import json
import random
from dataclasses import dataclass

from sample_data.generator import company
from sample_data.generator.novelty import Novelty

Messages = list[dict[str, str]]
# Near-duplicates are planted at 0.6 and above; clean examples stay below this.
CLEAN_LIMIT = 0.55
MOST_DRAWS = 200
MULTI_TURN_SHARE = 0.06


@dataclass(frozen=True)
class Example:
    """One example and what it was made of; only the messages are written to the data set."""

    task: str
    messages: Messages
    facts: dict[str, str]

    @property
    def prompt(self) -> str:
        """Return the last user message."""
        return self.messages[-2]["content"]

    @property
    def completion(self) -> str:
        """Return the last answer."""
        return self.messages[-1]["content"]

    def answered(self, completion: str) -> "Example":
        """Return this example with another answer."""
        return Example(self.task, [*self.messages[:-1], {"role": "assistant", "content": completion}], self.facts)

    def asked(self, prompt: str) -> "Example":
        """Return this example with another last question."""
        return Example(
            self.task, [*self.messages[:-2], {"role": "user", "content": prompt}, self.messages[-1]], self.facts
        )


def text_of(messages: Messages) -> str:
    """Join what the messages say."""
    return "\n".join(message["content"] for message in messages)


def capital(text: str) -> str:
    """Write the first letter large."""
    return text[:1].upper() + text[1:]


def product_name(rng: random.Random, product: str) -> str:
    """Name a product by kind, by brand or by both."""
    brand = company.PRODUCTS[product]
    return rng.choice((product, product, f"{brand} {product}", f"{brand} {product}", brand))


def detail(rng: random.Random) -> str:
    """Write a remark that no label depends on."""
    slots = {name: rng.choice(values) for name, values in company.SLOTS.items()}
    return rng.choice(company.DETAILS).format(n=rng.randint(1000, 99999), **slots)


def channel_of(rng: random.Random) -> str:
    """Pick a channel; under a third of the tickets come by mail."""
    return rng.choices(list(company.CHANNELS), list(company.CHANNELS.values()))[0]


def labels_text(facts: dict[str, str]) -> str:
    """Write the labels in the main style."""
    return json.dumps({key: facts[key] for key in ("intent", "product", "urgency", "sentiment")})


def ticket(rng: random.Random, intent: str, channel: str = "") -> Example:
    """Write a ticket of an intent, that came through a channel."""
    facts = {
        "intent": intent,
        "product": rng.choice(list(company.PRODUCTS)),
        "urgency": rng.choice(list(company.URGENCY)),
        "sentiment": rng.choice(list(company.SENTIMENT)),
    }
    name = product_name(rng, facts["product"])
    several = rng.random() < MULTI_TURN_SHARE
    asks = rng.choice(company.INTENTS[intent]).format(p="it" if several else name)
    for article in ("the", "my", "a"):
        asks = asks.replace(f"{article} it", "it")
    cues = (rng.choice(company.SENTIMENT[facts["sentiment"]]), rng.choice(company.URGENCY[facts["urgency"]]))
    # As people write: who and what first, then what is wrong, how they feel and how soon they want it.
    lines = [detail(rng)]
    if rng.random() < 0.5:
        greetings = (
            "Hello.",
            "Hi there,",
            "Good day.",
            "Dear all,",
            f"{rng.choice(company.NAMES)} here.",
            "To the desk:",
        )
        lines.insert(0, rng.choice(greetings))
    if rng.random() < 0.3:
        lines.append(detail(rng))
    lines += [capital(part) + rng.choice((".", ".", ".", "!")) for part in (asks, *cues)]
    user = [{"role": "user", "content": f"Ticket by {channel or channel_of(rng)}: {' '.join(lines)}"}]
    if several:
        user += [
            {"role": "assistant", "content": "Which product is it?"},
            {
                "role": "user",
                "content": rng.choice(("The {p}.", "It is the {p}", "My {p}, {d}")).format(p=name, d=detail(rng)),
            },
        ]
    return Example("ticket", [*user, {"role": "assistant", "content": labels_text(facts)}], facts)


def reply(name: str, answer: str, product: str) -> str:
    """Write an answer in the house voice."""
    return company.REPLY.format(
        n=name or company.NAMELESS, answer=capital(answer.format(p=f"{company.PRODUCTS[product]} {product}"))
    )


def question(rng: random.Random, topic: str) -> Example:
    """Write a question on a topic and its answer in the house voice."""
    product = rng.choice(list(company.PRODUCTS))
    name = rng.choice(company.NAMES)
    variants, answer, _ = company.TOPICS[topic]
    called = product_name(rng, product)
    asked = rng.choice(variants).format(p=called)
    asked = f"{detail(rng)} {asked}"
    if rng.random() < 0.6:
        asked = f"{detail(rng)} {asked}" if rng.random() < 0.5 else f"{asked} {detail(rng)}"
    messages = [
        {"role": "user", "content": rng.choice(company.ASKERS).format(q=asked, n=name)},
        {"role": "assistant", "content": reply(name, answer, product)},
    ]
    if rng.random() < MULTI_TURN_SHARE:
        topic = rng.choice([other for other in company.TOPICS if other != topic])
        variants, answer, _ = company.TOPICS[topic]
        lead = rng.choice(("Thanks. ", "One more thing: ", "And ", "Good. ", ""))
        messages += [
            {"role": "user", "content": lead + rng.choice(variants).format(p=called)},
            {"role": "assistant", "content": reply(name, answer, product)},
        ]
    return Example("reply", messages, {"topic": topic, "product": product, "name": name})


def draw_new(rng: random.Random, seen: Novelty, kind: str, task: str, channel: str = "") -> Example:
    """Draw a ticket of an intent or a question on a topic until it is unlike all that were drawn before."""
    for _ in range(MOST_DRAWS):
        example = ticket(rng, kind, channel) if task == "ticket" else question(rng, kind)
        if seen.accept(text_of(example.messages)):
            return example
    raise RuntimeError(f"the phrases of {kind} are used up: every new {task} is like an old one")
