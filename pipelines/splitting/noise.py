"""Production's noise: how sloppily queries are written, measured against the training prompts, and put on test prompts.

Rates, each by one rule:

    lower         prompts with letters and no capital
    upper         prompts of two words or more with letters and no small letter
    unpunctuated  prompts that end in a letter or digit
    abbreviated   of the words that have a common short form (`you`, `u`), how many stand in it
    unmarked      of the contractions (`don't`, `dont`), how many lack the apostrophe
    typos         words, of four letters or more, that at most two prompts hold and that are one slip from a word which
                  ten times as many hold: two letters swapped, one left out, doubled or replaced, ends aside

What production has beyond training becomes a chance: of the prompts or words that are not so, the share
(production - training) / (1 - training) is made so. Training's own rate stands for what the rule finds in clean text (a
rare word is often a slip of none), so it is taken off; where production is cleaner than training, nothing is done.

Only words of letters are touched, never code, addresses, numbers or placeholders; and only what users say, never an
answer. The short forms and contractions are English. Not covered: other wordings, dictation, autocorrection.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from pipelines.examples import Message

SHORT_FORMS = {
    "you": "u", "your": "ur", "are": "r", "please": "pls", "thanks": "thx", "because": "bc", "people": "ppl",
    "tomorrow": "tmrw", "tonight": "2nite", "message": "msg", "picture": "pic", "before": "b4", "without": "w/o",
    "number": "nr", "information": "info", "account": "acct", "minutes": "mins", "question": "q", "though": "tho",
    "probably": "prob", "something": "smth", "about": "abt", "through": "thru", "appointment": "appt",
}  # fmt: skip
CONTRACTIONS = (
    *("don't", "doesn't", "didn't", "can't", "won't", "isn't", "aren't", "wasn't", "weren't", "haven't", "hasn't"),
    *("couldn't", "wouldn't", "shouldn't", "i'm", "i've", "that's", "what's", "there's", "you're", "they're"),
)
# So many prompts of each side are measured, drawn by their hash.
MEASURED = 20_000
_UNMARKED = {word.replace("'", ""): word for word in CONTRACTIONS}
_LONG_FORMS = {short: word for word, short in SHORT_FORMS.items()}
_TOKEN = re.compile(r"\S+")
_CODE = re.compile(r"(?s)(```.*?(?:```|\Z)|`[^`\n]*`)")
# A word of letters, with the marks around it.
_WORD = re.compile(r"([\"'(\[¿¡]*)([^\W\d_]+(?:['’][^\W\d_]+)*)([\"')\].,;:!?…]*)\Z")
_LEAST_LETTERS, _FEW, _TIMES = 4, 2, 10
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


class NoiseRates(BaseModel, frozen=True, extra="forbid"):
    """Rates, or chances, from 0 to 1; see the module."""

    lower: float = Field(0.0, ge=0.0, le=1.0, description="Prompts without a capital.")
    upper: float = Field(0.0, ge=0.0, le=1.0, description="Prompts in capitals alone.")
    unpunctuated: float = Field(0.0, ge=0.0, le=1.0, description="Prompts that end in a letter or digit.")
    abbreviated: float = Field(0.0, ge=0.0, le=1.0, description="Words in their short form, of those that have one.")
    unmarked: float = Field(0.0, ge=0.0, le=1.0, description="Contractions without their apostrophe.")
    typos: float = Field(0.0, ge=0.0, le=1.0, description="Words with a slip, of those of four letters or more.")


class Noise(BaseModel, frozen=True, extra="forbid"):
    """What was measured on both sides, and the chances that follow."""

    production: NoiseRates
    training: NoiseRates
    chances: NoiseRates

    @property
    def any(self) -> bool:
        """Whether there is anything to put on a prompt."""
        return any(self.chances.model_dump().values())


def measure_noise(production: Iterable[str], training: Iterable[str]) -> Noise:
    """Measure production's prompts against training's.

    Args:
        production: prompts; equal ones count once.
        training: prompts; equal ones count once.

    Returns:
        rates of both sides and the chances; all chances are 0 where a side has no prompts.
    """
    sides = [_drawn(production), _drawn(training)]
    slips = _slips([words for side in sides for words in map(_long_words, side)])
    asked, written = (_rates(side, slips) for side in sides)
    chances = {
        name: max(rate - getattr(written, name), 0.0) / max(1 - getattr(written, name), 1e-9)
        for name, rate in asked.model_dump().items()
    }
    # Lower and upper case exclude each other: both are of the prompts that are neither.
    mixed = max(1 - written.lower - written.upper, 1e-9)
    for name in ("lower", "upper"):
        chances[name] = max(getattr(asked, name) - getattr(written, name), 0.0) / mixed
    both = max(chances["lower"] + chances["upper"], 1.0)
    chances |= {name: chances[name] / both for name in ("lower", "upper")}
    if not all(sides):
        chances = {}
    return Noise(production=asked, training=written, chances=NoiseRates(**chances))


def noisy_messages(messages: Sequence[Message], chances: NoiseRates, seed: int, example_id: str) -> list[Message]:
    """Put noise on what users say.

    Args:
        messages: a conversation; it is not changed.
        chances: of each kind.
        seed: another seed gives other noise.
        example_id: with the seed it decides what happens, so that no other example plays a part.

    Returns:
        the conversation, equal but for the texts of users.
    """
    digest = hashlib.blake2b(f"{seed}:{example_id}".encode(), digest_size=8).digest()
    random = np.random.default_rng(int.from_bytes(digest, "big"))

    def noisy(content: Any) -> Any:
        if isinstance(content, str):
            return noisy_text(content, chances, random)
        if isinstance(content, list):
            return [
                {**part, "text": noisy(part["text"])} if isinstance(part, dict) and "text" in part else part
                for part in content
            ]
        return content

    return [
        {**message, "content": noisy(message.get("content"))} if message.get("role") == "user" else dict(message)
        for message in messages
    ]


def noisy_text(text: str, chances: NoiseRates, random: np.random.Generator) -> str:
    """Put noise on one text: short forms and slips word by word, then its end, then its case."""
    case, end = random.random(), random.random() < chances.unpunctuated
    parts = _CODE.split(text)
    for place in range(0, len(parts), 2):
        parts[place] = _each_word(parts[place], lambda word: _noisy_word(word, chances, random))
    if end and not _is_code(parts[-1]):
        parts[-1] = re.sub(r"(?<=\w)[.!?…]+\s*\Z", "", parts[-1])
    fold: Callable[[str], str] | None = None
    if not (_is_lower(text) or _is_upper(text)):
        fold = str.lower if case < chances.lower else str.upper if case < chances.lower + chances.upper else None
    if fold is not None:
        parts = [part if place % 2 else _each_word(part, fold) for place, part in enumerate(parts)]
    return "".join(parts)


def _is_code(part: str) -> bool:
    return part.endswith("`")


def _each_word(text: str, change: Callable[[str], str]) -> str:
    """Change the words of letters, wherever a blank or an end stands on both sides."""

    def changed(token: re.Match[str]) -> str:
        found = _WORD.match(token[0])
        return f"{found[1]}{change(found[2])}{found[3]}" if found else token[0]

    return _TOKEN.sub(changed, text)


def _noisy_word(word: str, chances: NoiseRates, random: np.random.Generator) -> str:
    short, slip = random.random(), random.random()
    folded = word.lower().replace("’", "'")
    if folded in SHORT_FORMS:
        return SHORT_FORMS[folded] if short < chances.abbreviated else word
    if folded in CONTRACTIONS:
        return word.replace("'", "").replace("’", "") if short < chances.unmarked else word
    if len(word) >= _LEAST_LETTERS and word.isalpha() and slip < chances.typos:
        return _with_slip(word, random)
    return word


def _with_slip(word: str, random: np.random.Generator) -> str:
    """Swap, leave out, double or replace (by a neighbouring key) a letter that is neither first nor last."""
    at = int(random.integers(1, len(word) - 1))
    kind = int(random.integers(4))
    if kind == 0 and at + 1 < len(word) - 1 and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    row = next((keys for keys in _KEYS if word[at].lower() in keys), "")
    if not row:
        return word[:at] + word[at + 1 :]
    place = row.index(word[at].lower())
    beside = row[place + 1] if place + 1 < len(row) else row[place - 1]
    return word[:at] + (beside.upper() if word[at].isupper() else beside) + word[at + 1 :]


def _drawn(prompts: Iterable[str]) -> list[str]:
    distinct = {prompt for prompt in prompts if prompt.strip()}
    if len(distinct) <= MEASURED:
        return sorted(distinct)
    return sorted(distinct, key=lambda text: hashlib.blake2b(text.encode("utf-8", "replace")).digest())[:MEASURED]


def _words(text: str) -> list[str]:
    """Return the words of letters of a text outside code, in small letters."""
    plain = " ".join(_CODE.split(text)[::2])
    found = (_WORD.match(token) for token in plain.split())
    return [match[2].lower().replace("’", "'") for match in found if match]


def _long_words(text: str) -> list[str]:
    return [word for word in _words(text) if len(word) >= _LEAST_LETTERS and word.isalpha()]


def _is_lower(text: str) -> bool:
    return any(letter.isalpha() for letter in text) and text == text.lower()


def _is_upper(text: str) -> bool:
    return len(text.split()) > 1 and any(letter.isalpha() for letter in text) and text == text.upper()


def _rates(prompts: list[str], slips: set[str]) -> NoiseRates:
    if not prompts:
        return NoiseRates()
    words = Counter(word for prompt in prompts for word in _words(prompt))
    long = [word for word in words.elements() if len(word) >= _LEAST_LETTERS and word.isalpha()]
    short_forms = sum(words[short] for short in _LONG_FORMS if short.isalpha())
    long_forms = sum(words[word] for word in SHORT_FORMS)
    bare, marked = sum(words[word] for word in _UNMARKED), sum(words[word] for word in CONTRACTIONS)
    count = len(prompts)
    return NoiseRates(
        lower=sum(map(_is_lower, prompts)) / count,
        upper=sum(map(_is_upper, prompts)) / count,
        unpunctuated=sum(prompt.rstrip()[-1].isalnum() for prompt in prompts) / count,
        abbreviated=short_forms / max(short_forms + long_forms, 1),
        unmarked=bare / max(bare + marked, 1),
        typos=sum(word in slips for word in long) / max(len(long), 1),
    )


def _slips(prompts: list[list[str]]) -> set[str]:
    """Return the words that few prompts hold and that are one slip from a word that many hold."""
    holders = Counter(word for words in prompts for word in set(words))
    common = {word: count for word, count in holders.items() if count >= _TIMES}
    shorter: dict[str, int] = {}
    for word, count in common.items():
        for form in _shortened(word):
            shorter[form] = max(shorter.get(form, 0), count)
    found = set()
    for word, count in holders.items():
        if count > _FEW:
            continue
        inner = range(1, len(word) - 2)
        swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in inner)
        doubled = (
            word[:at] + word[at + 1 :] for at in range(1, len(word) - 1) if word[at] in word[at - 1] + word[at + 1]
        )
        # Left out: the word is a common one without a letter. Replaced: both are the same without it.
        reached = [common.get(form, 0) for form in (*swapped, *doubled)]
        reached += [shorter.get(word, 0)] if len(word) >= _LEAST_LETTERS else []
        reached += [shorter.get(form, 0) for form in _gapped(word)]
        if max(reached, default=0) >= _TIMES * count:
            found.add(word)
    return found


def _shortened(word: str) -> list[str]:
    """Return a word with one inner letter left out, plainly and with a mark in its place."""
    return [*(word[:at] + word[at + 1 :] for at in range(1, len(word) - 1)), *_gapped(word)]


def _gapped(word: str) -> list[str]:
    return [f"{word[:at]}_{word[at + 1 :]}" for at in range(1, len(word) - 1)]
