"""The scorers that learn what is usual: boilerplate, readability, forms of dates and numbers; and answers of links."""

import polars as pl
import pytest

from pipelines.quality.registry import SCORERS, ScoringContext
from pipelines.quality.score import score_examples
from pipelines.quality.scorers.format_drift import HABITS
from pipelines.quality.settings import QualitySettings
from tests.pipelines.quality.conversations import pairs

PADDING = "I hope this helps you!"
THINGS = ["lamp", "chair", "table", "shelf", "desk", "sofa", "bed", "rug", "stool", "bench"]


def finding(name: str, turns: list[tuple[str, str]], row: int = 0) -> tuple[str, str] | None:
    """Return the reason and the marked text that a scorer gives for one row, None where it finds nothing."""
    examples = pairs(*turns)
    found = score_examples(examples, QualitySettings(scorers=(name,))).findings
    here = found.filter(pl.col("example_id") == examples["example_id"][row])
    if here.is_empty():
        return None
    return here["reason"][0], examples["completion"][row][here["start"][0] : here["end"][0]]


def answers(count: int, closing: str = "") -> list[tuple[str, str]]:
    """Build answers of one sentence each, all different."""
    return [
        (f"What about number {n}?", f"The {THINGS[n % 10]} number {n} is on its way to you now.{closing}")
        for n in range(count)
    ]


def test_boilerplate_is_the_sentence_that_many_answers_close_with() -> None:
    turns = answers(30, f" {PADDING}") + [(f"Why {prompt}", text) for prompt, text in answers(60)]
    reason, marked = finding("boilerplate", turns) or ("", "")
    assert marked == PADDING
    assert reason == f"The answer closes with '{PADDING}', as 29 answers to other prompts do."
    assert finding("boilerplate", turns, row=40) is None


def test_boilerplate_is_found_at_the_opening_too() -> None:
    turns = [(prompt, f"Thank you for your question. {text}") for prompt, text in answers(30)]
    turns += [(f"Why {prompt}", text) for prompt, text in answers(60)]
    assert (finding("boilerplate", turns) or ("", ""))[1] == "Thank you for your question."


@pytest.mark.parametrize(
    ("padded", "plain", "closing"),
    [(19, 60, f" {PADDING}"), (60, 30, f" {PADDING}"), (30, 60, " Bye now!")],
    ids=["too few", "most: the voice of the task", "two words"],
)
def test_boilerplate_needs_many_answers_that_are_not_most(padded: int, plain: int, closing: str) -> None:
    turns = answers(padded, closing) + [(f"Why {prompt}", text) for prompt, text in answers(plain)]
    assert finding("boilerplate", turns) is None


def test_a_sentence_that_is_the_whole_answer_is_a_label() -> None:
    turns = [(f"Is number {n} there?", "It is not there yet.") for n in range(30)] + answers(60)
    assert finding("boilerplate", turns) is None


def test_one_question_asked_often_makes_no_boilerplate() -> None:
    turns = [("What now?", f"Take the {n}th road. {PADDING}") for n in range(30)] + answers(60)
    assert finding("boilerplate", turns) is None


# 10 words, 1 sentence, 1 long word (bigger words: "station" has 7 letters): LIX = 10 / 1 + 100 * 1 / 10 = 20.
EASY = "We all go to the station with our old dog.\n"
# 50 words in one sentence, 25 of them long: LIX = 50 + 50 = 100.
HARD = ("Notwithstanding of " * 25).strip() + "."


def test_readability_tells_the_index_that_the_formula_gives() -> None:
    turns = [(f"Tell me story {n}", EASY * (6 + n % 3)) for n in range(30)]
    reason, marked = finding("readability", [("Tell me story 99", f"{EASY * 2}{HARD}"), *turns]) or ("", "")
    # 70 words, 3 sentences, 27 long: 70 / 3 + 100 * 27 / 70 = 61.9
    assert reason == "The answer is much harder to read than its task: LIX 62, 20 is usual."
    assert marked == HARD
    assert finding("readability", turns) is None


def test_readability_finds_the_easy_answer_among_hard_ones() -> None:
    turns = [(f"Read law {n}", " ".join([HARD] * (1 + n % 3))) for n in range(30)]
    assert "easier" in (finding("readability", [("Read law 99", EASY * 8), *turns]) or ("", ""))[0]


def test_readability_judges_only_prose_of_enough_words() -> None:
    turns = [(f"Tell me story {n}", EASY * (6 + n % 3)) for n in range(30)]
    short = ("Notwithstanding of " * 20).strip() + "."
    for answer in (short, f"```\n{HARD}\n```"):
        examples = pairs(("Tell me story 99", answer), *turns)
        rows = SCORERS["readability"].function(examples, ScoringContext(examples, QualitySettings()))
        assert examples["example_id"][0] not in rows["example_id"]


FORMS = [
    ("on 2024-03-{:02}.", "on March 7, 2024.", "March 7, 2024"),
    ("on March {}, 2024.", "on 7.3.2024.", "7.3.2024"),
    ("on March {}, 2024.", "on 7 March 2024.", "7 March 2024"),
    ("at {}:30 pm.", "at 17:30 today.", "17:30"),
    ("for {}.50 in all.", "for 7,50 in all.", "7,50"),
    ("for 1.00{},50 in all.", "for 7.50 in all.", "7.50"),
    ("with {} kg.", "with 7kg.", "7kg"),
    ("with {} kg.", "with 7 lbs.", "7 lbs"),
    ("of {}%.", "of 7 %.", "7 %"),
    ("of ${}.", "of 7 USD.", "7 USD"),
    ("these:\n- one {}\n- two", "these:\n* one\n* two", "* one"),
    ("these:\n1. one {}\n2. two", "these:\n1) one\n2) two", "1) one"),
]


@pytest.mark.parametrize(("usual", "other", "marked"), FORMS, ids=[other.strip() for _, other, _ in FORMS])
def test_format_drift_names_the_form_and_the_majority(usual: str, other: str, marked: str) -> None:
    turns = [(f"What about number {n}?", "It comes " + usual.format(n % 9 + 1)) for n in range(30)]
    reason, text = finding("format_drift", [("What about number 99?", f"It comes {other}"), *turns]) or ("", "")
    assert marked in text
    assert " of the task write '" in reason
    assert finding("format_drift", turns) is None


def test_format_drift_tells_the_share_of_the_majority() -> None:
    turns = [
        ("Which day is it?", "It is March 7, 2024."),
        *[(f"Which is {n}?", f"On 2024-03-{n}.") for n in range(10, 29)],
    ]
    # 19 of 20 answers that hold a date
    expected = "The dates are written as 'March 1, 2024'; 95% of the task write '2024-03-01'."
    assert (finding("format_drift", turns) or ("", ""))[0] == expected


@pytest.mark.parametrize(
    "turn",
    [
        ("Write March 7, 2024 in words", "It is March 7, 2024."),
        ("Which day? In the format month day, year", "It is March 7, 2024."),
        ("Which day?", "It is March 7, 2024 or 2024-03-07."),
        ("Which day?", "```\nMarch 7, 2024\n```"),
    ],
    ids=["in the prompt", "asked for", "both forms", "code"],
)
def test_format_drift_leaves_alone_what_was_asked_for(turn: tuple[str, str]) -> None:
    turns = [(f"Which is {n}?", f"On 2024-03-{n:02}.") for n in range(1, 29)]
    assert finding("format_drift", [turn, *turns]) is None


def test_format_drift_needs_a_majority() -> None:
    turns = [(f"Which is {n}?", f"On 2024-03-{n:02}." if n % 3 else f"On March {n}, 2024.") for n in range(60)]
    assert all(finding("format_drift", turns, row) is None for row in range(3))


def test_every_form_has_the_sign_of_its_habit_and_no_other_form() -> None:
    shown = {
        "bullets": "{0} one\n{0} two\n",
        "numbered lists": "",
        "measures": "",
    }
    for habit in HABITS:
        for form in habit.forms:
            text = "2:30 pm" if form == "2:30 pm" else form
            text = shown.get(habit.thing, "{0}").format(text)
            if text:
                frame = pl.DataFrame({"text": [f"It is {text}" if habit.sign == r"\d" else text]})
                fits = {
                    name: bool(frame.select(pl.col("text").str.contains(pattern)).item())
                    for name, pattern in habit.forms.items()
                }
                assert [name for name, fit in fits.items() if fit] == [form]
                assert frame.select(pl.col("text").str.contains(habit.sign)).item()


@pytest.mark.parametrize(
    "answer",
    [
        "https://help.example.com/a",
        "See https://help.example.com/a and https://help.example.com/b.",
        "1. https://help.example.com/a\n2. https://help.example.com/b",
        "[The manual](https://help.example.com/a)",
        "![logo](https://img.example.com/a.png)",
        "For more information visit www.example.com",
        "example.com/reset/",
    ],
)
def test_an_answer_of_links_alone_is_found(answer: str) -> None:
    assert finding("url_only", [("How do I reset it?", answer)]) == ("The answer is only a link.", answer)


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("How do I reset it?", "Hold the button; see https://help.example.com/a"),
        ("How many are there?", "42 https://help.example.com/a"),
        ("Which sources are there?", "https://help.example.com/a"),
        ("How do I reset it?", "Hold the button."),
    ],
)
def test_an_answer_beside_a_link_is_left_alone(prompt: str, answer: str) -> None:
    assert finding("url_only", [(prompt, answer)]) is None
