"""The six kinds of light edits that make a near-duplicate: the answer stays, the question changes a little."""

import random
import re

from sample_data.generator.clean import capital

EDITS = ("case", "typo", "synonym", "append", "reorder", "drop-word")
SYNONYMS = {
    "broken": "defective",
    "money": "cash",
    "box": "package",
    "start": "begin",
    "buy": "get",
    "call": "phone",
    "wrong": "incorrect",
    "clean": "wash",
    "answer": "reply",
    "please": "kindly",
    "angry": "cross",
    "hurry": "rush",
    "how": "in what way",
    "where": "in which place",
    "need": "require",
    "send": "mail",
    "my": "our",
    "is": "'s",
    "the": "that",
    "it": "this",
    "i": "we",
}
TAILS = ("Thank you!", "Thanks.", "Many thanks.", "Please help.", "Bye", "Good bye.")


def edit_text(rng: random.Random, text: str, kind: str) -> str:
    """Edit a question by one of `EDITS`; the result always differs from the text."""
    if kind == "case":
        return rng.choice(
            (text.upper(), text.lower(), re.sub(r"[.,!?]", "", text), text + "!!", text.replace(" ", "  "))
        )
    if kind == "append":
        return f"{text} {rng.choice(TAILS)}"
    tokens = text.split(" ")
    if kind == "reorder":
        sentences = re.split(r"(?<=[.!?]) ", text)
        if len(sentences) > 2:
            fixed = 1 if text.startswith("Ticket by") else 0
            place = rng.randrange(fixed, len(sentences) - 1)
            sentences[place], sentences[place + 1] = sentences[place + 1], sentences[place]
            swapped = " ".join(sentences)
            if swapped != text:
                return swapped
        return " ".join([*tokens[:-2], tokens[-1], tokens[-2]]) if tokens[-1] != tokens[-2] else text + "."
    if kind == "drop-word":
        plain = [place for place, token in enumerate(tokens) if place and token.lower() in DROPPED]
        place = rng.choice(plain) if plain else len(tokens) - 1
        return " ".join([*tokens[:place], *tokens[place + 1 :]])
    if kind == "synonym":
        known = [place for place, token in enumerate(tokens) if token.lower() in SYNONYMS]
        if known:
            place = rng.choice(known)
            swap = SYNONYMS[tokens[place].lower()]
            tokens[place] = capital(swap) if tokens[place][0].isupper() else swap
            return " ".join(tokens)
    long = [place for place, token in enumerate(tokens) if len(token) > 3 and token.isalpha()]
    place = rng.choice(long) if long else 0
    word = tokens[place]
    at = rng.randrange(1, max(len(word) - 1, 2))
    tokens[place] = word[:at] + word[at + 1 :] if rng.random() < 0.5 else word[:at] + word[at - 1] + word[at:]
    return " ".join(tokens)


DROPPED = {"the", "my", "a", "it", "is", "please", "i", "me", "to", "for"}
