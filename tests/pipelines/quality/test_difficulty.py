"""Difficulty for a base model: transformers' own loss is the oracle."""

import math
from pathlib import Path

import polars as pl
import pytest
import torch

from pipelines.errors import CurationError
from pipelines.examples import examples_frame
from pipelines.progress import Cancelled
from pipelines.quality.difficulty import DIFFICULTY, DifficultySettings, measure_difficulty
from pipelines.training.base import load_base

ANSWER = "The parcel left our house on Monday and should be with you by Thursday evening."


def rows(*pairs: tuple[str, str]) -> pl.DataFrame:
    return examples_frame(
        [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}] for prompt, answer in pairs
    )


def oracle(messages: list[dict[str, str]]) -> tuple[float, int]:
    """Return the loss that transformers itself computes on the answer's tokens, its end of turn included."""
    model, tokenizer = load_base()
    made = tokenizer.apply_chat_template(
        messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True, return_tensors="pt"
    )
    labels = torch.where(torch.as_tensor(made["assistant_masks"]).bool(), made["input_ids"], -100)
    with torch.no_grad():
        return float(model(input_ids=made["input_ids"], labels=labels).loss), int((labels != -100).sum())


def test_losses_are_those_of_transformers_on_the_same_tokens() -> None:
    examples = rows(("Where is my parcel?", ANSWER), ("Say something about the sea, please, in one sentence.", ANSWER))
    found = measure_difficulty(examples, DifficultySettings()).difficulty
    answer = {"role": "assistant", "content": ANSWER}
    alone, tokens = oracle([{"role": "user", "content": ""}, answer])
    prompts = dict(examples.select("example_id", "prompt").iter_rows())
    assert found.height == 2
    for row in found.iter_rows(named=True):
        asked, _ = oracle([{"role": "user", "content": prompts[row["example_id"]]}, answer])
        assert row["loss"] == pytest.approx(asked, rel=1e-4)
        assert row["loss_alone"] == pytest.approx(alone, rel=1e-4)
        assert row["ifd"] == pytest.approx(asked / alone, rel=1e-4)
        assert row["perplexity"] == pytest.approx(math.exp(asked), rel=1e-3)
        assert row["tokens"] == tokens


def test_an_answer_that_stands_in_its_prompt_is_easier_than_after_another_prompt() -> None:
    examples = rows((f"Repeat exactly: {ANSWER}", ANSWER), ("List three colours of the rainbow.", ANSWER))
    found = measure_difficulty(examples, DifficultySettings()).difficulty.join(examples, on="example_id")
    ratio = dict(found.select("prompt", "ifd").iter_rows())
    assert ratio[f"Repeat exactly: {ANSWER}"] < ratio["List three colours of the rainbow."]


def test_short_answers_and_long_conversations_have_no_value_and_are_counted() -> None:
    examples = rows(("Is it?", "Yes."), ("word " * 3_000, ANSWER), ("Where is it?", ANSWER))
    found = measure_difficulty(examples, DifficultySettings())
    assert (found.difficulty.height, found.sampled, found.without) == (1, 3, 2)


def test_the_sample_does_not_depend_on_the_order_of_rows_and_grows_by_adding() -> None:
    examples = rows(*((f"Question number {n}?", f"{ANSWER} It was number {n}.") for n in range(12)))
    few = measure_difficulty(examples, DifficultySettings(sample=4)).difficulty
    turned = measure_difficulty(examples.reverse(), DifficultySettings(sample=4)).difficulty
    more = measure_difficulty(examples, DifficultySettings(sample=7)).difficulty
    assert few["example_id"].to_list() == turned["example_id"].to_list()
    assert set(few["example_id"]) < set(more["example_id"])
    assert few["ifd"].to_list() == pytest.approx(turned["ifd"].to_list(), rel=1e-5)


def test_nothing_gives_nothing_an_unknown_model_is_refused_and_it_can_be_cancelled(tmp_path: Path) -> None:
    nothing = measure_difficulty(rows(), DifficultySettings())
    assert nothing.difficulty.schema == DIFFICULTY
    assert nothing.sampled == 0
    with pytest.raises(CurationError):
        measure_difficulty(rows(("Q?", ANSWER)), DifficultySettings(base=str(tmp_path / "none")))

    def stop(share: float, message: str) -> None:
        if message.startswith("Tokenising"):
            raise Cancelled

    with pytest.raises(Cancelled):
        measure_difficulty(rows(("Q?", ANSWER)), DifficultySettings(), progress=stop)
