"""Guards: pairs that are alike and yet not the same.

    numbers    "add 3 and 5" / "add 3 and 6"                       each side holds a number the other lacks
    negation   "it is covered" / "it is not covered"               they differ in few words, a negation on one side only
               "take 3 from 5" / "take 5 from 3"                   the same numbers, between the same words in turn
    code       "x = a + b" / "x = a - b"                           each side's code holds a literal the other lacks
    names      "open a door for Ann" / "open a door for Ben"       each side holds a name the other lacks
    subject    "what do red frogs eat?" / "... green frogs ..."    each side holds a word, in question and answer, that
                                                                   the other lacks in both
    prompts    the same answer to questions about other things
    answers    the same question with another answer: a conflict, or other labels, but no duplicate
    short      only completions are compared, and they are short: "negative" makes no duplicates

Numbers, negation and names are looked for in the prompts and in the completions, each apart. English number words count
as numbers. A number holds its inner separators (3.5 is not 5.3, nor 35; 2024-03-01 is not 2024-01-03), but where all
groups of digits agree in order, other separators between them make no other number (10:30 and 10.30). A name is a word
with a capital letter inside a sentence; spellings that nearly agree are one.
The subject is looked for in near pairs only: where wording may differ, a synonym taken up in the answer is no other
subject. JSON completions are the same when the values of the keys that both have agree (keys compared without case and
punctuation). A text that only lacks the other's beginning or end is cut short, not negated.

Measured on `prompt_templates`: none of the 14,106 near pairs of one source is held apart by subject, and 525 pairs of
different sources are.
Not covered: a synonym exchanged in question and answer alike, which looks like another subject; negation in languages
other than English, names in scripts without capitals, synonyms of opposite meaning.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from pipelines.duplicates.code import code_literals
from pipelines.duplicates.settings import DuplicateSettings

DIGITS = re.compile(r"\d+")
NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# Digits in groups, as telephones and cards are written: other gaps make no other number.
LONG_NUMBER = re.compile(r"\d+(?:[ -]\d+)+")
LONG_DIGITS = 7
WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
NUMBER_WORDS = {
    word: value
    for value, word in re.findall(
        r"(\d+) (\w+)",
        "1 one 2 two 3 three 4 four 5 five 6 six 7 seven 8 eight 9 nine 10 ten 11 eleven 12 twelve 13 thirteen "
        "14 fourteen 15 fifteen 16 sixteen 17 seventeen 18 eighteen 19 nineteen 20 twenty 30 thirty 40 forty 50 fifty "
        "60 sixty 70 seventy 80 eighty 90 ninety 100 hundred 1000 thousand",
    )
}
# Words, numbers and ends of sentences: what can stand beside a number.
BESIDE = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W_]+(?:['’][^\W_]+)*|[.!?\n]")
NEGATIONS = frozenset(["not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "cannot", "without"])
# Two texts that differ in more words than this differ by more than a negation.
NEGATED_WORDS = 8
# Least share of the shorter text's words that the longer one holds, for two prompts to ask the same and for two answers
# to say the same. Answers in one house voice share greeting and farewell, so that half of the words is not enough.
PROMPT_OVERLAP = 0.5
ANSWER_OVERLAP = 0.8
# A word of fewer letters is seldom what an example is about.
SUBJECT_LETTERS = 3
# Texts that lack more of each other's words than this differ by more than spelling.
MISSPELT_WORDS = 12
# Two spellings of at least this likeness are one name, or one value.
SAME_SPELLING = 0.75
LONG_VALUE = 30
# Completions of at most this many words are labels or little more: equal ones say nothing about their prompts.
SHORT_ANSWER = 16
LONGEST_COMPARED = 1_000
# A word beyond this is no word: a run of letters, a link, a coded picture.
LONGEST_WORD = 64
LOOK_BACK = 64


@dataclass(frozen=True)
class Text:
    """One field of an example, with what the guards look at."""

    content: str

    @cached_property
    def words(self) -> list[str]:
        """Lower-case words in order."""
        return WORDS.findall(self.content.lower())

    @cached_property
    def bag(self) -> Counter[str]:
        """How often each word stands."""
        return Counter(self.words)

    @cached_property
    def digits(self) -> tuple[list[str], list[str]]:
        """The groups of digits in order, as they stand and with the gaps of long numbers closed."""
        plain = THOUSANDS.sub("", self.content)
        return DIGITS.findall(plain), DIGITS.findall(LONG_NUMBER.sub(_without_gaps, plain))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The numbers, number words among them."""
        words = {NUMBER_WORDS[word] for word in self.bag if word in NUMBER_WORDS}
        return frozenset(NUMBER.findall(THOUSANDS.sub("", self.content))) | words

    @cached_property
    def places(self) -> dict[tuple[str, str], str]:
        """The number between each pair of neighbours (a word, or "." for the end of a sentence) that stands once."""
        tokens = [".", *(found.lower() for found in BESIDE.findall(THOUSANDS.sub("", self.content))), "."]
        tokens = ["." if token in "!?\n" else NUMBER_WORDS.get(token, token) for token in tokens]
        found: dict[tuple[str, str], str | None] = {}
        for before, number, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
            if number[0].isdigit() and (before, after) != (".", "."):
                found[before, after] = None if (before, after) in found else number
        return {beside: number for beside, number in found.items() if number is not None}

    @cached_property
    def literals(self) -> frozenset[str]:
        """Identifiers, strings and operators of the code in it."""
        return code_literals(self.content)

    @cached_property
    def names(self) -> frozenset[str]:
        """Lower-case forms of words that begin with a capital inside a sentence."""
        found = set()
        for match in WORDS.finditer(self.content):
            if not match[0][0].isupper() or len(match[0]) == 1:
                continue
            # A few characters will do: to cut off all that stands before each word would be quadratic.
            before = self.content[max(match.start() - LOOK_BACK, 0) : match.start()].rstrip(" \t\"'“‘([{*_")
            if before and before[-1] not in ".!?:\n>-":
                found.add(match[0].lower())
        return frozenset(found)

    @cached_property
    def fields(self) -> dict[str, str] | None:
        """The values of a JSON object by path; None when it is no JSON object."""
        if not self.content.lstrip().startswith("{"):
            return None
        try:
            parsed = json.loads(self.content)
        except (ValueError, RecursionError):
            return None
        return dict(_flat(parsed, ""))


@dataclass(frozen=True)
class Sides:
    """An example as the guards see it."""

    prompt: Text
    completion: Text


def guard_of(one: Sides, other: Sides, kind: str, settings: DuplicateSettings) -> str | None:
    """Return why a pair is alike but not the same, or None when nothing speaks against a duplicate.

    Args:
        one: an example.
        other: the example that it is alike to.
        kind: "exact", "near" or "semantic"; wording may differ in a semantic pair, so there only answers to the same
            prompt are compared by their words.
        settings: which guards are on.
    """
    if settings.side == "completion" and max(len(one.completion.words), len(other.completion.words)) <= SHORT_ANSWER:
        return "short"
    if kind == "exact":
        return None
    fields = [(one.prompt, other.prompt), (one.completion, other.completion)]
    if settings.numbers_guard and any(_numbers_differ(*pair) for pair in fields):
        return "numbers"
    if settings.negation_guard and any(_negation_differs(*pair) for pair in fields):
        return "negation"
    if settings.code_guard and any(_code_differs(*pair) for pair in fields):
        return "code"
    if settings.names_guard and any(_names_differ(*pair) for pair in fields):
        return "names"
    if settings.subject_guard and kind == "near" and _has_own_subject(one, other) and _has_own_subject(other, one):
        return "subject"
    if settings.fields_guard:
        same_prompt = _overlap(one.prompt, other.prompt) >= PROMPT_OVERLAP
        if kind == "near" and not same_prompt:
            return "prompts"
        if _answers_differ(one.completion, other.completion, by_words=kind == "near" or same_prompt):
            return "answers"
    return None


def _numbers_differ(one: Text, other: Text) -> bool:
    if _numbers_swapped(one, other):
        return True
    mine, theirs = one.numbers - other.numbers, other.numbers - one.numbers
    # Where the groups agree, what differs is what stands between them, or a number word.
    if any(groups == others for groups, others in zip(one.digits, other.digits, strict=True)):
        words = frozenset(NUMBER_WORDS.values())
        mine, theirs = mine & words, theirs & words
        return bool(mine and theirs) and one.bag.keys() & NUMBER_WORDS.keys() != other.bag.keys() & NUMBER_WORDS.keys()
    return bool(mine and theirs)


def _numbers_swapped(one: Text, other: Text) -> bool:
    """Whether numbers that both hold stand in each other's place; moved sentences take their neighbours along."""
    moved = [(number, other.places[beside]) for beside, number in one.places.items() if beside in other.places]
    return any(mine != theirs and mine in other.numbers and theirs in one.numbers for mine, theirs in moved)


def _code_differs(one: Text, other: Text) -> bool:
    return bool(one.literals and other.literals) and bool(
        one.literals - other.literals and other.literals - one.literals
    )


def _without_gaps(found: re.Match[str]) -> str:
    joined = re.sub(r"\D", "", found[0])
    return joined if len(joined) >= LONG_DIGITS else found[0]


def _negation_differs(one: Text, other: Text) -> bool:
    only_one, only_other = one.bag - other.bag, other.bag - one.bag
    if only_one.total() + only_other.total() > NEGATED_WORDS or _negated(only_one, only_other) == _negated(
        only_other, only_one
    ):
        return False
    longer, shorter = (one, other) if len(one.words) >= len(other.words) else (other, one)
    size = len(shorter.words)
    return not (longer.words[:size] == shorter.words or longer.words[len(longer.words) - size :] == shorter.words)


def _negated(words: Counter[str], others: Counter[str]) -> bool:
    """Whether words hold a negation that is no misspelling of one of the others ("never" is none of "ever")."""
    negations = [word for word in words if word in NEGATIONS or word.endswith(("n't", "n’t"))]
    return any(
        not any(_same_spelling(word, other) and other != word.removeprefix("n") for other in others)
        for word in negations
    )


def _names_differ(one: Text, other: Text) -> bool:
    missing = [name for name in one.names if name not in other.bag]
    extra = [name for name in other.names if name not in one.bag]
    return _has_stranger(missing, one, other) and _has_stranger(extra, other, one)


def _has_stranger(names: list[str], text: Text, other: Text) -> bool:
    """Whether one of the names of a text stands in the other in no spelling; of very many, one surely does not.

    A word that both texts have is no spelling of a name: where both say "from", "Rome" is not meant by it.
    """
    return len(names) > MISSPELT_WORDS or any(
        not any(_same_spelling(name, word) for word in other.bag if word not in text.bag) for name in names
    )


def _has_own_subject(one: Sides, other: Sides) -> bool:
    """Whether a word of one side's question comes again in its answer, and stands nowhere in the other side."""
    own = [
        word
        for word in one.prompt.bag
        if len(word) >= SUBJECT_LETTERS
        and word in one.completion.bag
        and word not in other.prompt.bag
        and word not in other.completion.bag
    ]
    return any(
        _has_stranger([word], one.prompt, other.prompt) and _has_stranger([word], one.completion, other.completion)
        for word in own
    )


def _answers_differ(one: Text, other: Text, *, by_words: bool) -> bool:
    if one.fields is not None and other.fields is not None:
        shared = one.fields.keys() & other.fields.keys()
        return not (shared or one.fields == other.fields) or any(
            not _same_value(one.fields[key], other.fields[key]) for key in shared
        )
    return by_words and _overlap(one, other) < ANSWER_OVERLAP


def _overlap(one: Text, other: Text) -> float:
    """Return the share of the shorter text's words that the longer one holds, in this spelling or nearly so."""
    if not one.bag or not other.bag:
        return float(one.content.strip().lower() == other.content.strip().lower())
    shorter, longer = (one, other) if one.bag.total() <= other.bag.total() else (other, one)
    left, right = shorter.bag - longer.bag, longer.bag - shorter.bag
    respelled = 0
    if left.total() <= MISSPELT_WORDS:
        respelled = sum(any(_same_spelling(word, wanted) for wanted in right) for word in left.elements())
    return 1.0 - (left.total() - respelled) / shorter.bag.total()


def _same_value(one: str, other: str) -> bool:
    if one == other or min(len(one), len(other)) < LONG_VALUE:
        return one == other
    if max(len(one), len(other)) > LONGEST_COMPARED:  # beyond, comparing letters takes too long
        return _overlap(Text(one), Text(other)) >= ANSWER_OVERLAP
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= SAME_SPELLING


def _same_spelling(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 2:
        return False
    if max(len(one), len(other)) > LONGEST_WORD:  # beyond, only what both begin and end with is compared
        begin = _alike_until(one, other)
        end = _alike_until(one[begin:][::-1], other[begin:][::-1])
        return 2 * (begin + end) >= SAME_SPELLING * (len(one) + len(other))
    shared = sum(letter in other for letter in one)  # no ratio is above what these letters give
    if 2 * shared < SAME_SPELLING * (len(one) + len(other)):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= SAME_SPELLING


def _alike_until(one: str, other: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _flat(value: object, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [entry for key, inner in value.items() for entry in _flat(inner, f"{path}.{_bare(str(key))}")]
    if isinstance(value, list):
        return [entry for index, inner in enumerate(value) for entry in _flat(inner, f"{path}.{index}")]
    return [(path, " ".join(str(value).lower().split()))]


def _bare(key: str) -> str:
    return re.sub(r"[\W_]+", "", key.lower())
