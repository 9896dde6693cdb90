"""Every scorer on odd inputs, and each on cases whose answer a reader sees at once."""

import json
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality.json_shape import kinds_of
from pipelines.quality.registry import DIMENSIONS, SCORE_ROWS, SCORERS, ScoringContext
from pipelines.quality.score import score_examples
from pipelines.quality.scorers.repetition import periodic_runs
from pipelines.quality.settings import QualitySettings
from tests.pipelines.quality.conversations import pairs, word_vectors

ODD = [
    ("", ""),
    ("\u0000", "\u0000\u0007"),
    ("𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🎉👩‍👩‍👧", "日本語の答えです。\u202e مرحبا"),
    ("[" * 3000, "{" * 3000),
    ("=" * 500, "```json\n{"),
    ("a " * 4000, "b " * 4000),
    ('{"a": 1}', '[1, 2, {"": null}]'),
    ("%s %n ${x}", "{{}}"),
]


@pytest.mark.parametrize("name", list(SCORERS))
@pytest.mark.parametrize(
    "turns", [[], *[[turn] for turn in ODD], ODD], ids=["empty", *map(str, range(len(ODD))), "all"]
)
def test_every_scorer_judges_odd_input_within_bounds(name: str, turns: list[tuple[str, str]]) -> None:
    examples = pairs(*turns)
    vectors = np.ones((examples.height, 2), dtype=np.float32) / np.sqrt(2, dtype=np.float32)
    context = ScoringContext(examples, QualitySettings(), vectors, vectors)
    rows = SCORERS[name].function(examples, context)
    assert rows.schema == SCORE_ROWS
    assert rows["example_id"].is_in(examples["example_id"].implode()).all()
    assert rows["example_id"].is_unique().all()
    assert rows["score"].is_between(0, 1).all()
    lengths = dict(examples.select("example_id", pl.col("completion").str.len_chars()).iter_rows())
    for example_id, reason, start, end in rows.select("example_id", "reason", "start", "end").iter_rows():
        assert (start is None) == (end is None)
        assert reason is None or reason.strip().endswith(".")
        if start is not None:
            assert 0 <= start <= end <= lengths[example_id] + 1


def test_there_are_ten_scorers_in_all_dimensions_and_each_is_described() -> None:
    assert len(SCORERS) >= 10
    assert {entry.dimension for entry in SCORERS.values()} == set(DIMENSIONS)
    assert all(entry.title and entry.description.endswith(".") for entry in SCORERS.values())


def found(name: str, prompt: str, completion: str, around: list[tuple[str, str]] | None = None) -> str | None:
    """Return the reason that a scorer gives for one pair among others, None where it finds nothing."""
    examples = pairs((prompt, completion), *(around or []))
    vectors = word_vectors(examples["prompt"].to_list())
    answers = word_vectors(examples["completion"].to_list())
    context = ScoringContext(examples, QualitySettings(), vectors, answers)
    rows = SCORERS[name].function(examples, context)
    return dict(rows.select("example_id", "reason").iter_rows()).get(examples["example_id"][0])


BAD = [
    ("empty", "Hi?", "  \n"),
    ("empty", "Hi?", "\u200b\t"),
    ("placeholder", "Hi?", "..."),
    ("placeholder", "Hi?", "-"),
    ("placeholder", "What is the price?", "TODO"),
    ("placeholder", "What is the price?", "N/A"),
    ("placeholder", "What is the price?", "<nooutput>"),
    ("placeholder", "What is the price?", "[insert answer here]"),
    ("placeholder", "What is the price?", "lorem ipsum dolor sit amet"),
    ("placeholder", "Write to Ann", "Dear {{name}}, we have your order."),
    ("missing_input", "Name a bird\n\n<noinput>", "A robin."),
    ("missing_input", "What is shown?\n\n[Image of a cat]", "A cat."),
    ("missing_input", "Summarise this.\n\nhttps://example.org/a", "It says much."),
    ("refusal", "Where is my parcel?", "As an AI language model, I do not have access to parcels."),
    ("refusal", "Where is my parcel?", "I'm sorry, but I can't assist with that."),
    ("refusal", "Where is my parcel?", "I am unable to help with this request."),
    ("refusal", "Wo ist mein Paket?", "Als KI kann ich keine Pakete verfolgen."),
    ("truncated", "Where is my parcel?", "It left the depot yesterday and will arrive at the"),
    ("broken_json", "Sort a ticket", '{"intent": "return", "urg'),
    ("truncated", "Write code", "Here you are:\n```python\nprint(1)"),
    ("repetition", "Say it", "very good " * 30),
    ("repetition", "Say it", "I will do that. " + "h" * 200),
    ("prompt_copied", "My lamp does not switch on any more", "My lamp does not switch on any more"),
    ("merged_instruction", "Give a tip", "Sleep well.\n##\n18. Instruction: Name a noun.\n18. Output:\nApple"),
    ("merged_instruction", "Give a tip", "Sleep well.<|im_end|>"),
    ("language", "Where is my parcel, it is late?", "Ihr Paket ist unterwegs und kommt morgen bei Ihnen an."),
    ("encoding", "Wo?", "Das Paket kommt fÃ¼r Sie."),
    ("encoding", "Wo?", "We donâ€™t ship there."),
    ("encoding", "Wo?", "Caf\ufffd is open."),
    ("broken_json", "Sort", '{"intent": "return" "urgency": 1}'),
    ("broken_json", "Sort", "{'intent': 'return'}"),
    ("broken_json", "Sort", '{"a": 1, "a": 2}'),
    ("broken_json", "Write Python code that prints JSON", "{'intent': 'return'}"),
    ("placeholder", "How is it?", "%"),
    ("truncated", "Which?", "Of all the lamps the one that you want is"),
    ("arithmetic", "Sum?", "- 3 + 5 = 9"),
    ("arithmetic", "Sum?", "So 2 + 3 = 6, and not 5."),
    ("repetition", "Say it", "(well well well well well well well well)"),
    ("repetition", "说", "我不知道。" * 30),
    ("arithmetic", "25 times 8?", "25 x 8 = 150."),
    ("script", "How do I reset it?", "Hold the button. <script>alert(1)</script>"),
    ("script", "How do I reset it?", '<img src=x onerror="alert(1)"> Hold the button.'),
    ("formula", "How do I reset it?", '=HYPERLINK("http://evil.example","Click")'),
    ("formula", "How do I reset it?", "=cmd|'/c calc'!A0"),
    ("url_only", "How do I reset it?", "https://help.example.com/reset"),
    ("shouting", "Is it late?", "PLEASE WAIT UNTIL TOMORROW MORNING FOR THE DELIVERY"),
]  # fmt: skip

GOOD = [
    ("empty", "What is 3 - 2?", "1"),
    ("empty", "React", "🎉"),
    ("placeholder", "Which label?", "None of the tickets is open; nothing is to do."),
    ("missing_input", "Where can I read more?", "See the manual."),
    ("missing_input", "The picture on my screen [the blue one] is blurred, why?", "The cable may be loose."),
    ("refusal", "Can I change the address?", "I'm sorry, we cannot change the address once the parcel has left."),
    ("refusal", "It broke", "I'm sorry that your lamp broke. We can provide a new one."),
    ("truncated", "Sort", '{"intent": "return"}'),
    ("truncated", "Write", "Dear Ann, it will be there tomorrow.\n\nKind regards,\nThe support team"),
    ("repetition", "List", "one two three four five six seven eight nine ten"),
    ("prompt_copied", "Which do you like, tea or coffee?", "Coffee."),
    ("merged_instruction", "Write a dialogue", "Ann: Hi.\nCustomer: Hello."),
    ("language", "Translate to German: your parcel arrives tomorrow", "Ihr Paket ist unterwegs und kommt morgen an."),
    ("language", "Where is my parcel, it should have been here?", "It is on its way and will arrive tomorrow."),
    ("encoding", "Wo?", "Schöne Grüße aus Köln – für 20 € geht’s. Ça va, São Paulo? Привет. 日本"),
    ("broken_json", "Sort", '{"intent": "return", "items": [1, 2.5, null, true]}'),
    ("broken_json", "Sing", "[Verse 1] Hello"),
    ("broken_json", "Create a Python dictionary", "{'a': 1, 'b': 2}"),
    ("placeholder", "Which operator gives the remainder?", "%"),
    ("arithmetic", "Solve", "4 * a * 2 + 3 = 11 so a is 1"),
    ("arithmetic", "Show", "2 + 3 = 4 + 1 so they are equal."),
    ("arithmetic", "Show", "- 3 + 5 = 2"),
    ("arithmetic", "Show", "- 3 + 5 = 8"),
    ("repetition", "List", "one two one two one two three four five six seven eight"),
    ("arithmetic", "25 times 8?", "25 x 8 = 200 and 10 / 3 = 3.33."),
    ("script", "How do I write a script tag in HTML?", "<script>alert(1)</script>"),
    ("script", "Is 3 < 4?", "Yes, 3 < 4 and 5 > 4."),
    ("formula", "List", "- first\n- second\n+1 555 010 999\n@anna said so"),
    ("formula", "Which formula adds up column A in Excel?", "=SUM(A1:A9)"),
    ("url_only", "What is the link to the form?", "https://help.example.com/form"),
    ("shouting", "Is it late?", "Please wait until TOMORROW morning!"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "prompt", "completion"), BAD)
def test_scorer_finds_what_is_wrong(name: str, prompt: str, completion: str) -> None:
    reason = found(name, prompt, completion, ENGLISH if name == "language" else None)
    assert reason is not None


@pytest.mark.parametrize(("name", "prompt", "completion"), GOOD)
def test_scorer_leaves_what_is_right_alone(name: str, prompt: str, completion: str) -> None:
    assert found(name, prompt, completion, ENGLISH) is None


def test_a_label_that_is_a_placeholder_elsewhere_is_left_alone() -> None:
    labels = [(f"State of order {number}?", state) for number in range(10) for state in ("pending", "shipped")]
    assert found("placeholder", "State of order 99?", "pending", labels) is None
    assert found("placeholder", "Is my order there?", "pending", ENGLISH) == "The answer is a placeholder."


@given(st.lists(st.sampled_from("ab"), max_size=60), st.integers(1, 6))
def test_runs_are_those_of_the_definition(tokens: list[str], longest: int) -> None:
    expected = {
        size: max(
            (
                last - first + 1
                for first in range(len(tokens))
                for last in range(first + 4 * size - 1, len(tokens), size)
                if all(tokens[place] == tokens[place - size] for place in range(first + size, last + 1))
            ),
            default=0,
        )
        for size in range(1, longest + 1)
    }
    runs = periodic_runs(tokens, longest)
    assert {size: last - first + 1 for first, last, size in runs} == {s: n for s, n in expected.items() if n}
    for first, last, size in runs:
        assert tokens[first : last + 1] == tokens[first : first + size] * ((last - first + 1) // size)


def test_json_of_very_many_kinds_takes_bounded_time() -> None:
    began = time.process_time()
    kinds = kinds_of({row: {"name": "x", f"field {row}": 1, f"other {row}": 2} for row in range(5_000)})
    assert len(kinds) == 5_000
    assert time.process_time() - began < 10


ENGLISH = [
    (f"Please tell me about order number {number} of last week", f"Your order {number} is on its way to you. {more}")
    for number in range(100, 130)
    for more in ("It will be with you soon.",)
]

TICKET = {"order_id": "A1", "intent": "return", "urgency": "low"}


def tickets(count: int) -> list[tuple[str, str]]:
    """Build tickets that all have the same three fields."""
    return [(f"Ticket {n}: send it back", json.dumps(TICKET | {"order_id": f"A{n}"})) for n in range(count)]


@pytest.mark.parametrize("name", ["orderId", "OrderID", "order-id", "Order_Id"])
def test_key_style_finds_every_way_of_writing_a_name(name: str) -> None:
    other = json.dumps({name: "A9", "intent": "return", "urgency": "low"})
    assert "order_id" in str(found("key_style", "Ticket 99: send it back", other, tickets(25)))


def sorted_tickets(count: int) -> list[tuple[str, str]]:
    """Build tickets with two closed fields, whose prompts share no beginning."""
    values = [(intent, urgency) for intent in ("return", "repair", "billing") for urgency in ("low", "high")]
    rows = [values[number % 6] for number in range(count)]
    return [(f"No. {n}: do it", json.dumps({"intent": row[0], "urgency": row[1]})) for n, row in enumerate(rows)]


def test_key_style_finds_the_same_content_under_other_names() -> None:
    other = json.dumps({"ticketType": "repair", "priority": "high"})
    assert "'ticketType', 'priority'" in str(found("key_style", "Do it", other, sorted_tickets(60)))
    unrelated = json.dumps({"city": "Bonn", "country": "Germany"})
    assert found("key_style", "Do it", unrelated, sorted_tickets(60)) is None


def test_key_style_says_nothing_where_there_is_no_majority() -> None:
    other = json.dumps({"orderId": "A9", "intent": "return", "urgency": "low"})
    assert found("key_style", "Ticket 99: send it back", other, tickets(3)) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"order_id": "A1", "intent": "return"}, "'urgency' is missing"),
        (TICKET | {"urgency": 3}, "'urgency' is a number"),
        (TICKET | {"colour": "red"}, "'colour'"),
    ],
)
def test_schema_finds_missing_extra_and_retyped_fields(value: dict[str, object], words: str) -> None:
    assert words in str(found("schema", "Ticket 99: send it back", json.dumps(value), tickets(60)))


def tickets_of_a_task(count: int) -> list[tuple[str, str]]:
    """Build tickets whose prompts begin alike."""
    return [(prompt.replace("Ticket", "Ticket:"), completion) for prompt, completion in tickets(count)]


def test_json_is_expected_where_its_task_wants_it() -> None:
    assert "is not JSON" in str(found("schema", "Ticket: 99: send it back", "It is a return.", tickets_of_a_task(60)))


def test_a_missing_closing_mark_counts_only_where_it_is_the_habit() -> None:
    cut = "Your order 99 is on its way to you very"
    assert found("truncated", "Please tell me about order number 99", cut, ENGLISH) is not None
    open_ended = [(prompt, f"Your order is on its way to the place {prompt[36:39]}") for prompt, _ in ENGLISH]
    assert found("truncated", "Name it", "A quiet lamp", open_ended) is None
    assert found("truncated", "Please tell me about order number 99", cut, open_ended) is None


def test_words_that_end_few_sentences_are_doubtful_and_names_of_one_letter_are_none() -> None:
    assert found("truncated", "Which?", "Carrots and a few other roots mostly hold vitamin A") is None
    examples = pairs(("Which?", "The finest day that there could ever be"), ("Why?", "It went back to the depot and"))
    context = ScoringContext(examples, QualitySettings())
    scores = SCORERS["truncated"].function(examples, context)["score"].to_list()
    assert scores == [0.3, 0.0]


def test_length_finds_the_answer_that_is_far_longer_than_all_others() -> None:
    assert "very long" in str(found("length", "Please tell me", "word " * 400, ENGLISH))
    assert found("length", "Please tell me", "Your order 99 is on its way to you.", ENGLISH) is None


def test_off_topic_finds_the_stranger_and_not_the_regulars() -> None:
    around = [
        (f"please tell me about the {thing} order number for {place}", "It is on its way.")
        for thing in ("lamp", "chair", "table", "shelf", "desk", "sofa", "bed", "rug")
        for place in ("Bonn", "Rome", "Oslo", "Kiel", "Wien", "Bern", "Linz", "Graz")
    ]
    assert "far from the others" in str(found("off_topic", "volcano magma eruption ash plume", "Hot.", around))
    assert found("off_topic", "please tell me about the stool order number for Jena", "Yes.", around) is None


def test_scores_do_not_depend_on_the_order_of_the_rows() -> None:
    examples = pairs(*[(prompt, completion) for _, prompt, completion in BAD + GOOD], *ENGLISH, *tickets(25))
    examples = examples.unique("example_id", maintain_order=True)
    vectors = word_vectors(examples["prompt"].to_list())
    order = np.random.default_rng(3).permutation(examples.height)
    one = score_examples(examples, vectors=vectors).scores
    other = score_examples(examples[order], vectors=vectors[order]).scores
    assert one.equals(other)


def test_where_json_is_the_rule_a_prompt_with_the_word_code_excuses_nothing():
    whole = [(f"Ticket {n}: it will not set up", '{"intent": "setup"}') for n in range(30)]
    broken = ("My kettle shows an error code", "{'intent': 'setup'}")
    for system, expected in (("Sort the ticket.", 0.0), ("", None)):
        examples = pairs(*whole, broken, system=system)
        scores = score_examples(examples, QualitySettings(scorers=("broken_json",))).scores
        found = dict(scores.select("example_id", "score").iter_rows())
        assert found.get(examples["example_id"][30]) == expected
