"""What is alike and not the same: numbers in another order, code; and which side is compared."""

import pytest

from pipelines.duplicates.code import code_literals
from pipelines.duplicates.find import Duplicates, find_duplicates
from pipelines.duplicates.guards import Sides, Text, guard_of
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.examples import examples_frame

QUESTION = "Please tell me how I can send back the blue kettle that I bought in your shop last week, it leaks."
ANSWER = "I am sorry about that. You can send it back free of charge: print the label and drop the parcel off."
CODE = """Here is a small function that does it for you, call it with the two numbers that you want to have:

def total(first, second):
    result = first {operator} second
    print({text})
    return {name}
"""


def pairs(one: tuple[str, str], other: tuple[str, str], **settings: object) -> Duplicates:
    turns = [
        [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        for prompt, answer in (one, other)
    ]
    return find_duplicates(examples_frame(turns), DuplicateSettings.model_validate(settings))


def guards(found: Duplicates) -> list[str | None]:
    return found.pairs["guard"].to_list()


@pytest.mark.parametrize(
    ("one", "other", "guard"),
    [
        ("Subtract 3 from 5 and tell me the result", "Subtract 5 from 3 and tell me the result", "numbers"),
        ("Subtract three from five and tell me it", "Subtract five from three and tell me it", "numbers"),
        ("Divide 1,000 by 20 and round it. Thank you", "Divide 20 by 1000 and round it. Thank you", "numbers"),
        # a moved sentence takes its numbers along, another layout of one number is no other number
        ("I need 3 of them. My friend needs 5 boxes.", "My friend needs 5 boxes. I need 3 of them.", None),
        ("1. wash it\n2. dry it\n3. fold it", "1. wash it\n2. dry it\n3. fold it\n", None),
        ("It came at 10:30 and left at 11:45 today", "It came at 10.30 and left at 11.45 today", None),
    ],
)
def test_the_same_numbers_in_another_order_are_not_the_same(one: str, other: str, guard: str | None) -> None:
    found = pairs((f"{QUESTION} {one}", ANSWER), (f"{QUESTION} {other}", ANSWER))
    assert set(guards(found)) == {guard}
    assert found.extra == (guard is None)


@pytest.mark.parametrize(
    ("one", "other", "guard"),
    [
        (("red", "red"), ("green", "green"), "subject"),
        # only the question, or only the answer, is worded otherwise
        (("red", "red"), ("crimson", "red"), None),
        (("red", "red"), ("red", "crimson"), None),
        # one side says more, the other says nothing else
        (("red", "red"), ("", ""), None),
        # a spelling is no other subject
        (("colourful", "colourful"), ("colorful", "colorful"), None),
        # too short a word, and a word that the other side has elsewhere
        (("ox", "ox"), ("ax", "ax"), None),
        (("red", "red"), ("green", "green or red"), None),
    ],
)
def test_a_word_exchanged_in_question_and_answer_is_another_subject(
    one: tuple[str, str], other: tuple[str, str], guard: str | None
) -> None:
    turns = [
        (f"{QUESTION} It has {asked} legs in fine steel", f"{ANSWER} The {told} legs are free")
        for asked, told in (one, other)
    ]
    assert guards(pairs(*turns)) == [guard]
    assert guards(pairs(*turns, subject_guard=False)) == [None]


def test_a_word_that_both_have_is_no_spelling_of_a_name() -> None:
    rome, paris = (Sides(Text(f"How far is the moon from {city}?"), Text("It is far.")) for city in ("Rome", "Paris"))
    assert guard_of(rome, paris, "near", DuplicateSettings()) == "names"


def test_another_subject_is_none_where_the_wording_may_differ() -> None:
    red, green = (
        Sides(Text(f"What do {colour} frogs eat?"), Text(f"A {colour} frog eats flies.")) for colour in ("red", "green")
    )
    assert guard_of(red, green, "near", DuplicateSettings(fields_guard=False)) == "subject"
    assert guard_of(red, green, "semantic", DuplicateSettings(fields_guard=False)) is None


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ({"operator": "-"}, "code"),
        ({"name": "second"}, None),  # both sides hold every literal: left to a person's eye
        ({"name": "total_of_both"}, None),  # only one side holds a literal more: as if cut off
        ({"text": "'done'"}, "code"),
        ({}, None),
    ],
)
def test_code_that_differs_in_a_literal_is_not_the_same(change: dict[str, str], guard: str | None) -> None:
    usual = {"operator": "+", "text": "'ready'", "name": "result"}
    one, other = CODE.format(**usual), CODE.format(**{**usual, **change})
    assert set(guards(pairs((QUESTION, one), (QUESTION + " Thanks", other)))) == {guard}
    off = pairs((QUESTION, one), (QUESTION + " Thanks", other), code_guard=False)
    assert set(guards(off)) == {None}


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("x = a + b", {"x", "a", "b", "=", "+"}),
        ("Use `a != b` here.", {"a", "b", "!="}),
        ("```python\nrun('x')  # twice\n```\nand then y = 2", {"run", "'x'"}),
        ('{"a": "b"}', set()),
        ("No code here, we return it at once. If so: fine!", set()),
        ("", set()),
    ],
)
def test_literals_are_those_of_the_code_alone(text: str, literals: set[str]) -> None:
    assert code_literals(text) == literals


def test_the_side_that_is_compared_is_a_setting() -> None:
    one = (QUESTION, ANSWER)
    asked_again = (QUESTION.upper(), "No idea at all, ask somebody else, whoever that may be; good luck to you then.")
    assert guards(pairs(one, asked_again)) in ([], ["answers"])
    found = pairs(one, asked_again, side="prompt")
    assert found.pairs.select("kind", "guard").rows() == [("exact", None)]
    elsewhere = ("What do I do with a cracked bread board?", ANSWER)
    assert pairs(one, elsewhere).extra == 0
    assert pairs(one, elsewhere, side="completion").pairs.select("kind", "guard").rows() == [("exact", None)]


def test_equal_short_completions_are_no_duplicates_even_where_only_completions_are_compared() -> None:
    found = pairs(("The film bored me to tears.", "negative"), ("This soup is cold!", "negative"), side="completion")
    assert guards(found) == ["short"]
    assert found.duplicates.is_empty()


def test_the_last_turn_can_be_compared_without_what_went_before() -> None:
    last = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]
    before = [
        {"role": "user", "content": "Good morning, is anybody there who could help me with a thing I bought?"},
        {
            "role": "assistant",
            "content": "Good morning! Of course, what is the matter with it, and when was it bought?",
        },
    ]
    examples = examples_frame([last, before + last])
    assert find_duplicates(examples).extra == 0
    found = find_duplicates(examples, DuplicateSettings(side="last-turn"))
    assert found.pairs["kind"].to_list() == ["exact"]
