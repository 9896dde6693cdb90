"""A soft prompt trains, answers as peft's own model does, stands beside adapters, and is never taken for weights."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines.errors import CurationError
from pipelines.generation.generate import generate_outputs, position_limit, prompt_tokens
from pipelines.generation.pair import load_pair
from pipelines.generation.served import load_tuned
from pipelines.generation.settings import AnswerSettings, GenerationSettings
from pipelines.handoff.deliver import check_delivered, check_target, deliver
from pipelines.handoff.model_card import CardFacts
from pipelines.training.adapter import add_adapter, load_adapter, save_adapter, trainable
from pipelines.training.base import load_base
from pipelines.training.loss import TokenLoss
from pipelines.training.settings import TrainSettings
from pipelines.training.soft_prompt import has_soft_prompt, is_soft_prompt, virtual_tokens
from pipelines.training.train import train
from tests.pipelines.training.test_train import run_folder, settings_for
from tests.pipelines.training.tiny_model import conversations

SHORT = GenerationSettings(max_new_tokens=12, batch_size=4)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The embedded base: it says something of its own, which a random model does not."""
    return "default"


def saved(base: str, folder: Path, **changes: Any) -> Path:
    """Save an adapter or soft prompt whose weights change what is answered."""
    settings = TrainSettings(**{"base": base, "rank": 4, "alpha": 8, **changes})
    tuned = add_adapter(load_base(base)[0], settings)
    generator = torch.Generator().manual_seed(3)
    for parameter in trainable(tuned):
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    save_adapter(tuned, folder, base)
    return folder


@pytest.fixture(scope="module")
def prompt(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(base, tmp_path_factory.mktemp("soft") / "adapter", method="prompt-tuning", virtual_tokens=6)


@pytest.fixture(scope="module")
def answers(base: str, prompt: Path) -> dict[str, list[str]]:
    """Greedy answers of the base and behind the soft prompt, every token computed anew by peft's own model."""
    model, tokenizer = load_base(base)
    found = {"base": one_by_one(model, tokenizer)}
    found["tuned"] = one_by_one(load_adapter(model, prompt, base), tokenizer)
    assert found["base"] != found["tuned"]
    return found


def one_by_one(model: Any, tokenizer: Any) -> list[str]:
    texts = []
    for messages in conversations(7):
        ids = prompt_tokens(messages, tokenizer)
        start = len(ids)
        while len(ids) - start < SHORT.max_new_tokens:
            with torch.no_grad():
                token = int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
            if token == tokenizer.eos_token_id:
                break
            ids.append(token)
        texts.append(tokenizer.decode(ids[start:], skip_special_tokens=True))
    return texts


def test_answers_in_batches_are_those_of_pefts_own_model(
    base: str, prompt: Path, answers: dict[str, list[str]]
) -> None:
    model, tokenizer = load_base(base)
    tuned = load_adapter(model, prompt, base)
    assert has_soft_prompt(tuned)
    assert virtual_tokens(tuned) == 6
    assert position_limit(tuned) == position_limit(model) - 6
    assert generate_outputs(conversations(7), tuned, tokenizer, SHORT) == answers["tuned"]


def test_the_loss_behind_a_soft_prompt_is_that_of_pefts_own_model(base: str, prompt: Path) -> None:
    model, tokenizer = load_base(base)
    tuned = load_adapter(model, prompt, base)
    ids = torch.tensor([prompt_tokens(conversations(1)[0], tokenizer)])
    where = torch.arange(ids.shape[1] - 1)
    with torch.no_grad():
        found = TokenLoss(tuned, bf16=False, device="cpu")(ids, where, ids[0, 1:])
        expected = tuned(input_ids=ids, labels=ids).loss  # mean over the tokens, those of the soft prompt left out
        # peft also scores the first real token, which the last virtual one predicts: a row more, weighed in here.
        logits = tuned(input_ids=ids).logits[0, 5:-1]
    first = torch.nn.functional.cross_entropy(logits[:1], ids[0, :1])
    assert float((found.sum() + first) / ids.shape[1]) == pytest.approx(float(expected), rel=1e-5)


def test_chat_and_server_answer_the_same_and_the_base_is_left_alone(
    base: str, prompt: Path, answers: dict[str, list[str]]
) -> None:
    pair, served = load_pair(base, prompt), load_tuned(base, prompt)
    settings = AnswerSettings(max_new_tokens=SHORT.max_new_tokens)
    for number, messages in enumerate(conversations(3)):
        for side in ("tuned", "base", "tuned"):
            assert pair.answer(side, messages, settings).text == answers[side][number]  # type: ignore[arg-type]
        assert served.answer(messages, settings).text == answers["tuned"][number]


def test_adapters_and_soft_prompts_take_turns_on_one_base(
    base: str, prompt: Path, answers: dict[str, list[str]], tmp_path: Path
) -> None:
    lora = saved(base, tmp_path / "lora")
    model, tokenizer = load_base(base)

    def said(folder: Path, name: str) -> list[str]:
        nonlocal model
        model = load_adapter(model, folder, base, name)
        return generate_outputs(conversations(7), model, tokenizer, SHORT)

    alone = said(lora, "first")
    assert said(prompt, "second") == answers["tuned"] != alone
    assert said(lora, "third") == alone


def test_it_is_handed_off_for_peft_and_refused_where_weights_are_needed(
    base: str, prompt: Path, tmp_path: Path
) -> None:
    facts = CardFacts("run-0001", base, "ab" * 32, "v", "curated", 12, {}, {}, [], "", 0)
    made = deliver("hf", prompt, base, facts, folder(tmp_path / "hf"))
    assert made.comparison is not None
    assert (made.comparison.probes, made.comparison.same) == (3, True)
    assert made.comparison.largest_difference < 1e-5  # recorded logits are rounded
    assert check_delivered(tmp_path / "hf", "hf", base)[0] == made.comparison
    assert json.loads((tmp_path / "hf" / "adapter_config.json").read_text())["peft_type"] == "PROMPT_TUNING"
    for target in ("merged", "gguf", "ollama", "vllm"):
        with pytest.raises(CurationError, match=f"The target {target} needs changed weights") as caught:
            check_target(target, prompt, base)
        assert "--target hf" in caught.value.remedy


def folder(path: Path) -> Path:
    path.mkdir()
    return path


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"dora": True}, "a soft prompt is none"),
    ({"virtual_tokens": 500}, "leaves no room"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=str)
def test_what_cannot_work_is_refused_before_it_starts(
    tiny_base: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CurationError, match=message):
        train(run_folder(tmp_path), settings_for(tiny_base, method="prompt-tuning", **changes))


def test_an_adapter_of_another_kind_is_no_soft_prompt(base: str, prompt: Path, tmp_path: Path) -> None:
    assert is_soft_prompt(prompt)
    assert not is_soft_prompt(saved(base, tmp_path / "lora"))
    assert not is_soft_prompt(tmp_path / "nothing")


def test_a_soft_prompt_teaches_a_trained_model(tmp_path: Path) -> None:
    settings = settings_for(
        "default", bf16=False, method="prompt-tuning", learning_rate=0.1, virtual_tokens=8, epochs=3, patience=0
    )
    result = train(run_folder(tmp_path, "run"), settings)
    assert result.best_validation_loss is not None
    assert result.base_validation_loss is not None
    assert result.best_validation_loss < 0.7 * result.base_validation_loss
