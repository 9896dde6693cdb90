from typing import Any

from pipelines.generation.few_shot import few_shot_conversations, few_shot_messages


def shot(prompt: str, answer: str, system: str = "") -> list[dict[str, Any]]:
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


TRAIN = [
    shot("where is my parcel", "on its way", system="Other."),
    shot("the lamp is broken", "we send a new one"),
    shot("my parcel is late", "sorry"),
    shot("what colour is it", "red"),
]


def contents(messages: list[dict[str, Any]]) -> list[str]:
    return [message["content"] for message in messages]


def test_the_most_alike_examples_stand_nearest_to_the_question() -> None:
    prompt = few_shot_messages(TRAIN, shot("where is my late parcel", "secret", system="Be kind."), 2)
    assert contents(prompt) == [
        "Be kind.",
        "my parcel is late",
        "sorry",
        "where is my parcel",
        "on its way",
        "where is my late parcel",
    ]
    assert prompt[-1]["role"] == "user"


def test_the_answer_to_the_question_is_never_shown() -> None:
    prompt = few_shot_messages(TRAIN, shot("my parcel is late", "sorry"), 3)
    assert contents(prompt).count("my parcel is late") == 1
    assert "sorry" not in contents(prompt)


def test_the_order_of_the_training_examples_does_not_matter() -> None:
    asked = [shot("lamp", ""), shot("nothing in common", "")]
    assert few_shot_conversations(TRAIN, asked, 3, seed=4) == few_shot_conversations(TRAIN[::-1], asked, 3, seed=4)


def test_the_least_alike_are_left_out_until_the_prompt_fits() -> None:
    (prompt,) = few_shot_conversations(TRAIN, [shot("where is my parcel now", "")], 3, fits=lambda m: len(m) <= 3)
    assert contents(prompt) == ["where is my parcel", "on its way", "where is my parcel now"]
    (bare,) = few_shot_conversations(TRAIN, [shot("where", "")], 3, fits=lambda m: False)
    assert contents(bare) == ["where"]


def test_no_examples_and_no_words_leave_the_question_alone() -> None:
    assert few_shot_conversations([], [shot("a", "b")], 3) == [[{"role": "user", "content": "a"}]]
    assert few_shot_conversations(TRAIN, [shot("a", "b")], 0) == [[{"role": "user", "content": "a"}]]
    assert few_shot_conversations([shot("", "b")], [shot("a", "b")], 1) == [[{"role": "user", "content": "a"}]]
    assert few_shot_conversations(TRAIN, [], 2) == []
