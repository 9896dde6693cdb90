"""Which answers give their author away, and which only speak of one."""

import gzip
import json
import os
from pathlib import Path

import polars as pl
import pytest

from pipelines.rating.authors import names_author

PUBLIC_DATA = Path(os.environ.get("WORKBENCH_PUBLIC_DATA") or Path(__file__).parents[4] / "shared" / "data")


def named(texts: list[str], names: tuple[str, ...] = ()) -> list[bool]:
    return (
        pl.DataFrame({"text": texts}, schema={"text": pl.String})
        .select(names_author("text", names))
        .to_series()
        .to_list()
    )


@pytest.mark.parametrize(
    "text",
    [
        "I am ChatGPT, a language model.",
        "Hello! I'm Claude, how can I help?",
        "I’m an AI assistant called Gemini.",
        "As a large language model trained by OpenAI, I cannot say.",
        "My name is Qwen and I was made by Alibaba.",
        "I was created by Hugging Face to help.",
        "I am an assistant made by Google.",
        "Sure. As ChatGPT, I can.",
        "As GPT-4 I know that",
        "This is Llama 3.1 speaking.",
        "I am the Meta AI assistant.",
    ],
)
def test_an_answer_that_speaks_of_itself_is_found(text: str) -> None:
    assert named([text]) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "Claude Monet painted water lilies.",
        "GPT-4 and Llama 3 are language models.",
        "As an AI language model, I cannot do that.",
        "My star sign is Gemini.",
        "Your order was made by our team in Berlin.",
        "I am happy to help with your metaphor.",
        "You may open a window with Google Chrome.",
        "As Phil said, I am going.",
        "I would make it of a strong material such as granite.",
        "Android is a platform developed by Google.",
        "The novamox was developed by novices.",
        "",
    ],
)
def test_an_answer_that_speaks_of_other_things_is_not(text: str) -> None:
    assert named([text]) == [False]


def test_the_name_of_a_variant_gives_it_away_and_a_plain_word_does_not() -> None:
    names = ("tuned-curated", "base", "run-0001")
    texts = ["From tuned-curated: yes", "The base of it is sound", "see RUN-0001.", "see run-00012", "untuned-curated"]
    assert named(texts, names) == [True, False, True, False, False]


def test_an_empty_frame_gives_nothing() -> None:
    assert named([]) == []


def test_hardly_any_answer_that_was_written_for_training_is_taken_for_one_that_names_its_author() -> None:
    path = PUBLIC_DATA / "alpaca" / "alpaca_raw_half_a.jsonl.gz"
    if not path.exists():
        pytest.skip("the public data is not on this machine (set WORKBENCH_PUBLIC_DATA)")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        answers = [json.loads(line)["output"] for line in lines]
    assert len(answers) > 20_000
    assert sum(named(answers)) <= 2
