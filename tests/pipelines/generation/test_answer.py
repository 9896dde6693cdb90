from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.errors import CurationError
from pipelines.generation.answer import _certain, _chooser, answer_conversation
from pipelines.generation.generate import generate_outputs
from pipelines.generation.pair import load_pair
from pipelines.generation.settings import AnswerSettings, GenerationSettings
from pipelines.progress import Cancelled
from pipelines.training.adapter import load_adapter, merged_adapter, save_adapter
from pipelines.training.base import load_base
from tests.pipelines.handoff.conftest import make_adapter
from tests.pipelines.training.tiny_model import conversations

ASKED = [{"role": "user", "content": "Where is my order 4711?"}]


@pytest.fixture(scope="module")
def embedded() -> tuple[Any, Any]:
    return load_base("default")


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_adapter("default", tmp_path_factory.mktemp("run") / "adapter")


def test_one_answer_is_that_of_a_batch_and_grows_piece_by_piece(embedded: tuple[Any, Any]) -> None:
    told: list[str] = []
    answer = answer_conversation(ASKED, *embedded, AnswerSettings(max_new_tokens=60), on_text=told.append)
    assert [answer.text] == generate_outputs([ASKED], *embedded, GenerationSettings(max_new_tokens=60))
    assert told[-1] == answer.text
    assert len(told) > 10
    assert all(later.startswith(earlier) for earlier, later in pairwise(told))
    assert answer.ended
    assert answer.completion_tokens == len(embedded[1](answer.text, add_special_tokens=False)["input_ids"])


def test_the_limit_ends_an_answer_and_says_so(embedded: tuple[Any, Any]) -> None:
    whole = answer_conversation(ASKED, *embedded).text
    cut = answer_conversation(ASKED, *embedded, AnswerSettings(max_new_tokens=5))
    assert whole.startswith(cut.text)
    assert (cut.completion_tokens, cut.ended) == (5, False)


def test_a_stop_text_ends_an_answer_before_it_and_is_never_told(embedded: tuple[Any, Any]) -> None:
    whole = answer_conversation(ASKED, *embedded).text
    stop = whole[12:19]
    told: list[str] = []
    answer = answer_conversation(ASKED, *embedded, AnswerSettings(stop=("never said", stop)), on_text=told.append)
    assert answer.text == whole[: whole.find(stop)] == told[-1]
    assert answer.ended
    assert max(told, key=len) == answer.text


@pytest.mark.parametrize(
    ("text", "stops", "certain"),
    [
        ("over", (), "over"),
        ("half \ufffd", (), "half "),
        ("a EN", ("END",), "a "),
        ("a END of", ("END!",), "a END of"),
        ("ab", ("bcd", "abx"), ""),
    ],
)
def test_what_a_later_token_may_change_is_held_back(text: str, stops: Sequence[str], certain: str) -> None:
    assert _certain(text, stops) == certain


def test_what_listening_raises_ends_the_answer(embedded: tuple[Any, Any]) -> None:
    def stop(text: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        answer_conversation(ASKED, *embedded, on_text=stop)


def test_a_temperature_draws_by_the_seed(embedded: tuple[Any, Any]) -> None:
    def texts(**how: Any) -> list[str]:
        return [
            answer_conversation(ASKED, *embedded, AnswerSettings(max_new_tokens=20, seed=s, **how)).text for s in (1, 2)
        ]

    assert texts(temperature=2.0) == texts(temperature=2.0)
    assert len(set(texts(temperature=2.0))) == 2
    # The most likely token alone holds a share above 1e-6: nothing else is drawn.
    assert set(texts(temperature=2.0, top_p=1e-6)) == set(texts())


def test_tokens_are_drawn_with_the_probabilities_of_the_temperature() -> None:
    """softmax([0, ln 4, ln 2] / 2) = [1, 2, 1.414] / 4.414; with top_p 0.6 the first of them is left out."""
    logits = torch.tensor([[0.0, np.log(4), np.log(2)]])

    def shares(top_p: float) -> np.ndarray:
        choose = _chooser(AnswerSettings(temperature=2.0, top_p=top_p, seed=3))
        return np.bincount([int(choose(logits)) for _ in range(4000)], minlength=3) / 4000

    # Three standard errors of a share of 4,000 draws are 0.024 at most.
    assert shares(1.0) == pytest.approx(np.array([1, 2, 2**0.5]) / (3 + 2**0.5), abs=0.024)
    assert shares(0.6) == pytest.approx(np.array([0, 2, 2**0.5]) / (2 + 2**0.5), abs=0.024)


def test_a_pair_answers_as_base_and_tuned_do_alone_in_any_order(adapter: Path) -> None:
    asked = [*(messages for messages in conversations(3)), ASKED]
    settings, limited = GenerationSettings(max_new_tokens=24), AnswerSettings(max_new_tokens=24)
    base, tokenizer = load_base("default")
    expected = {"base": generate_outputs(asked, base, tokenizer, settings)}
    with merged_adapter(load_adapter(base, adapter, "default")) as tuned:
        expected["tuned"] = generate_outputs(asked, tuned, tokenizer, settings)
    pair = load_pair("default", adapter)
    assert expected["base"] != expected["tuned"]
    for _ in range(2):
        for place, messages in enumerate(asked):
            for side in ("tuned", "base"):
                assert pair.answer(side, messages, limited).text == expected[side][place]


def test_a_wholly_tuned_model_stands_beside_its_base(tmp_path: Path) -> None:
    model, tokenizer = load_base("default")
    model.requires_grad_(True)
    with torch.no_grad():
        model.model.layers[0].mlp.down_proj.weight.mul_(-3)
    save_adapter(model, tmp_path / "adapter", "default", tokenizer=tokenizer)
    changed = generate_outputs([ASKED], model, tokenizer, GenerationSettings(max_new_tokens=12))
    pair = load_pair("default", tmp_path / "adapter")
    limited = AnswerSettings(max_new_tokens=12)
    assert [pair.answer("tuned", ASKED, limited).text] == changed
    assert pair.answer("base", ASKED, limited).text not in changed


def test_loading_tells_what_it_does_and_can_be_cancelled(adapter: Path) -> None:
    told: list[str] = []

    def stop(share: float, message: str) -> None:
        told.append(message)
        if share > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        load_pair("default", adapter, progress=stop)
    assert told == ["Loading the base model", "Loading the tuned model"]


def test_an_adapter_of_another_base_is_refused(tiny_base: Path, adapter: Path) -> None:
    with pytest.raises(CurationError, match="another base model"):
        load_pair(str(tiny_base), adapter)


def test_a_conversation_that_fills_the_model_is_refused(embedded: tuple[Any, Any]) -> None:
    with pytest.raises(CurationError, match="1,024 positions"):
        answer_conversation([{"role": "user", "content": "word " * 1200}], *embedded)
