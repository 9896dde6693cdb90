"""Find conflicting answers: one question, different answers.

Questions are one when they are equal but for case, blanks and the punctuation around words (6/3 is not 6-3), or when
their vectors are alike and they carry the same numbers, quoted spans and names: a question about another order is
another question. Two answers conflict when

- both are JSON, the questions are equal and a field that both have differs (where questions are merely alike, labels
  are the matter of `labels.py`),
- their numbers differ (those of the question aside),
- one says yes and the other no, or one negates what the other says,
- they share few words, those of the question and those that many answers have aside. For questions that are merely
  alike this counts only where the answers to the nearest other questions clearly support one side, or where repeated
  questions often enough have one answer, because variety is no fault.

Answers that do not conflict form a side; the side with more than half of the answers is the majority. Where there is
none, the answers to the nearest other questions decide, if they clearly support one side. A question with more than
`MOST_SIDES` sides asks for variety ("tell me a joke"): it has no right answer, and nothing conflicts. Prompts without a
word ask nothing.

Source: METHODS 2.2.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.progress import Progress, no_progress
from pipelines.quality.json_shape import fields_of
from pipelines.quality.json_text import JsonText
from pipelines.quality.nearest import NearestRows, connected
from pipelines.quality.settings import ConflictSettings

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<![.!?:\n]\s)(?<!^)(?<!^\")\b[A-Z][\w'’-]+")
_QUOTED = re.compile(r"[\"“«]([^\"”»\n]{1,80})[\"”»]")
_NEGATION = re.compile(
    r"\b(no|not|never|cannot|can['’]?t|won['’]?t|don['’]?t|doesn['’]?t|isn['’]?t|aren['’]?t|nor|none|unable|"
    r"impossible|nicht|kein\w*|nie)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\W*(yes|yeah|yep|sure|certainly|of course|absolutely|ja|oui|s[ií])\b|^\W*(no|nope|unfortunately|sorry|nein|"
    r"leider|non)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
NUMBER_WORDS = {word: number for number, word in enumerate(_SMALL, 2)} | {
    word: 10 * number for number, word in enumerate(_TENS, 2)
}
# A word that this share of the answers has, and at least so many, tells nothing about one question.
USUAL_SHARE = 0.25
FEWEST_USUAL = 10
# A question whose answers fall into more sides than this has no one answer.
MOST_SIDES = 30
# How many of the nearest questions are asked which side is right, and how many must say.
SUPPORTERS = 30
FEWEST_SUPPORTERS = 3


@dataclass(frozen=True)
class AnswerSides:
    """A question with conflicting answers: `sides` are rows that agree, the largest first, `why` is the difference."""

    sides: list[list[int]]
    why: str
    majority: bool


def conflicting_answers(
    examples: pl.DataFrame,
    json_texts: Sequence[JsonText | None],
    vectors: np.ndarray | None,
    settings: ConflictSettings,
    *,
    progress: Progress = no_progress,
) -> list[AnswerSides]:
    """Find the questions that have conflicting answers.

    Args:
        examples: a frame of `EXAMPLES`.
        json_texts: readings of the completions, aligned.
        vectors: (n, d) unit rows of the prompts, aligned, or None: only equal questions are compared.
        settings: thresholds.
        progress: told now and then.
    """
    completions = examples["completion"].to_list()
    prompts = examples["prompt"].to_list()
    equal = _folded(examples)
    usual = usual_words(completions, json_texts)
    neighbours = None if vectors is None else NearestRows(vectors)
    found: list[tuple[AnswerSides, bool]] = []
    agreeing = repeated = 0
    for group in question_groups(examples, vectors, settings, progress=progress):
        rows = [row for row in group if completions[row].strip()]
        if len(rows) < 2:
            continue
        repeated += 1
        sides, why, certain = _sides(rows, completions, prompts, equal, json_texts, usual, settings)
        if len(sides) < 2:
            agreeing += 1
            continue
        if len(sides) > MOST_SIDES:
            continue
        majority = len(sides[0]) > len(rows) / 2
        if not (majority and certain) and neighbours is not None and json_texts[rows[0]] is None:
            supported = supported_side(sides, completions, neighbours, usual, settings)
            certain = certain or supported is not None
            if supported is not None and not majority:
                sides.insert(0, sides.pop(supported))
                majority = True
        certain = certain or len({equal[row] for row in rows}) == 1
        found.append((AnswerSides(sides, why, majority), certain))
    one_answer = repeated > 0 and agreeing / repeated >= settings.agreeing_share
    return [sides for sides, certain in found if certain or one_answer]


def usual_words(completions: Sequence[str], json_texts: Sequence[JsonText | None]) -> frozenset[str]:
    """Return the words that a quarter of the answers in prose have: greetings, farewells, function words."""
    prose = [text for text, reading in zip(completions, json_texts, strict=True) if reading is None and text.strip()]
    counts = Counter(word for text in prose for word in set(_WORD.findall(text.casefold())))
    fewest = max(USUAL_SHARE * len(prose), FEWEST_USUAL)
    return frozenset(word for word, count in counts.items() if count >= fewest)


def supported_side(
    sides: list[list[int]],
    completions: Sequence[str],
    neighbours: NearestRows,
    usual: frozenset[str],
    settings: ConflictSettings,
) -> int | None:
    """Return the side that the answers to the nearest other questions clearly support, None where none is.

    Support is the mean share of words in common (of the shorter answer, usual words aside) over those neighbours that
    share more than a few with any side; it is clear where enough of them do, and 1.5 times that of any other side.
    """
    rows = [row for side in sides for row in side]
    near = neighbours.of(rows[0], SUPPORTERS, leave_out=rows)
    sides_words = [frozenset(_WORD.findall(completions[side[0]].casefold())) - usual for side in sides]
    support = np.zeros(len(sides))
    for row in near:
        words = frozenset(_WORD.findall(completions[row].casefold())) - usual
        shares = np.array([_shared(mine, words) for mine in sides_words])
        if shares.max() >= settings.answer_similarity:
            support += shares
    best = int(support.argmax())
    others = np.delete(support, best).max()
    return best if support[best] >= FEWEST_SUPPORTERS and support[best] >= 1.5 * others else None


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of the shorter set's words that the other has too."""
    return len(one & other) / max(min(len(one), len(other)), 1)


def question_groups(
    examples: pl.DataFrame, vectors: np.ndarray | None, settings: ConflictSettings, *, progress: Progress = no_progress
) -> Iterator[list[int]]:
    """Yield the rows that ask one question, two at least, in row order."""
    asks = examples["prompt"].str.contains(r"\w")
    frame = pl.DataFrame({"text": _folded(examples)}).with_row_index("row").filter(asks)
    if frame.is_empty():
        return
    first = np.arange(examples.height)
    first[frame["row"].to_numpy()] = frame.select(pl.col("row").first().over("text")).to_series().to_numpy()
    firsts = np.unique(first[frame["row"].to_numpy()])
    if vectors is not None and len(firsts) <= settings.near_limit:
        alike: dict[tuple[object, ...], list[int]] = {}
        for row, (prompt, system) in zip(
            firsts.tolist(), examples.select("prompt", "system")[firsts].iter_rows(), strict=True
        ):
            alike.setdefault(question_marks(prompt, system), []).append(row)
        joined = np.arange(examples.height)
        for done, rows in enumerate(alike.values()):
            progress(done / len(alike), "Looking for questions asked alike")
            if len(rows) > 1:
                joined[rows] = np.array(rows)[connected(vectors[rows], settings.prompt_similarity)]
        first = joined[first]
    groups = frame.select("row", group=pl.Series(first)[frame["row"]])
    several = groups.group_by("group", maintain_order=True).agg("row").filter(pl.col("row").list.len() > 1)
    yield from several["row"].to_list()


def question_marks(prompt: str, system: str) -> tuple[object, ...]:
    """Return what two wordings of one question must have in common: numbers, quoted spans, names, the system prompt."""
    return (
        tuple(sorted(_NUMBER.findall(prompt))),
        tuple(sorted(span.casefold() for span in _QUOTED.findall(prompt))),
        frozenset(name.casefold() for name in _NAME.findall(prompt)),
        bool(_NEGATION.search(prompt)),
        system.strip(),
    )


def _folded(examples: pl.DataFrame) -> list[str]:
    """Return system prompt and prompt without case, blanks and the punctuation before and after words."""
    column = pl.concat_str(
        [
            pl.col(name)
            .str.to_lowercase()
            .str.replace_all(r"(^|\s)[\"'“”„‘’«»(\[{¿¡]+", " ")
            .str.replace_all(r"[.,;:!?…。、，？！；：\"'“”‘’«»)\]}]+(\s|$)", " ")
            .str.replace_all(r"\s+", " ")
            .str.strip_chars()
            for name in ("system", "prompt")
        ],
        separator="\n",
    )
    return examples.select(column.alias("folded"))["folded"].to_list()


def _sides(
    rows: list[int],
    completions: list[str],
    prompts: list[str],
    equal: list[str],
    json_texts: Sequence[JsonText | None],
    usual: frozenset[str],
    settings: ConflictSettings,
) -> tuple[list[list[int]], str, bool]:
    """Split the answers to one question into sides; also say what differs and whether that is certain."""
    sides: list[list[int]] = []
    whys: Counter[tuple[str, bool]] = Counter()
    for row in rows:
        for side in sides:
            why = disagreement(
                completions[side[0]],
                completions[row],
                f"{prompts[side[0]]} {prompts[row]}",
                json_texts[side[0]],
                json_texts[row],
                settings,
                equal=equal[row] == equal[side[0]],
                usual=usual,
            )
            if why is None:
                side.append(row)
                break
            whys[why] += 1
        else:
            sides.append([row])
            if len(sides) > MOST_SIDES:
                break
    sides.sort(key=lambda side: (-len(side), side[0]))
    (why_text, certain), _ = whys.most_common(1)[0] if whys else (("", False), 0)
    return sides, why_text, certain


def disagreement(
    one: str,
    other: str,
    questions: str,
    one_json: JsonText | None,
    other_json: JsonText | None,
    settings: ConflictSettings,
    *,
    equal: bool,
    usual: frozenset[str] = frozenset(),
) -> tuple[str, bool] | None:
    """Say why two answers to one question conflict, and whether that is certain; None where they agree.

    Args:
        one: an answer.
        other: another.
        questions: the questions' text: its numbers mean nothing in an answer.
        one_json: the reading of `one` as JSON.
        other_json: the reading of `other`.
        settings: how many words answers share.
        equal: whether the questions are equal, not merely alike.
        usual: words that many answers have, a greeting's and a farewell's, which say nothing about agreement.
    """
    if one.strip() == other.strip():
        return None
    if one_json is not None or other_json is not None:
        return _json_disagreement(one_json, other_json) if equal else None
    said = numbers_in(questions)
    numbers = [numbers_in(text) - said for text in (one, other)]
    if numbers[0] and numbers[1] and not (numbers[0] <= numbers[1] or numbers[1] <= numbers[0]):
        first, second = (", ".join(sorted(found)) for found in (numbers[0] - numbers[1], numbers[1] - numbers[0]))
        return f"the numbers differ: {first} against {second}", True
    if numbers[0] and numbers[0] == numbers[1]:
        return None
    answers = [_YES_NO.match(text) for text in (one, other)]
    if answers[0] and answers[1] and bool(answers[0].group(1)) != bool(answers[1].group(1)):
        return "one says yes, the other no", True
    ignored = usual.union(_WORD.findall(questions.casefold()))
    words = [frozenset(_WORD.findall(text.casefold())) - ignored for text in (one, other)]
    if not words[0] or not words[1]:
        return None
    shared = _shared(*words)
    if shared >= settings.answer_similarity:
        if shared >= 0.8 and bool(_NEGATION.search(one)) != bool(_NEGATION.search(other)):
            return "one denies what the other says", True
        return None
    return "the answers have little in common", False


def numbers_in(text: str) -> set[str]:
    """Return the numbers of a text, those written as English words too ("one" aside, which is rarely a number)."""
    words = {str(NUMBER_WORDS[word]) for word in _WORD.findall(text.casefold()) if word in NUMBER_WORDS}
    return words.union(_NUMBER.findall(text))


def _json_disagreement(one: JsonText | None, other: JsonText | None) -> tuple[str, bool] | None:
    if one is None or other is None or not isinstance(one.value, dict) or not isinstance(other.value, dict):
        return None
    fields = [
        {place: (name, value) for place, name, value in fields_of(text.value) if not isinstance(value, dict)}
        for text in (one, other)
    ]
    for place in sorted(fields[0].keys() & fields[1].keys()):
        name, value = fields[0][place]
        against = fields[1][place][1]
        if _value(value) != _value(against):
            return f"'{name}' is {value} against {against}", True
    return None


def _value(value: object) -> str:
    return " ".join(str(value).split()).casefold()
