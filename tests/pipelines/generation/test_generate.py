from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CurationError
from pipelines.generation.generate import Output, end_tokens, generate_outputs, prompt_batches, prompt_tokens
from pipelines.generation.settings import GenerationSettings
from pipelines.progress import Cancelled
from pipelines.training.base import load_base
from tests.pipelines.training.tiny_model import conversations

Loaded = tuple[Any, Any]


@pytest.fixture(scope="module")
def loaded(tiny_base: Path) -> Loaded:
    """A random model whose scores are spread out, and which ends some of its answers early."""
    import torch

    model, tokenizer = load_base(str(tiny_base))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "proj" in name:
                parameter.mul_(12)
        head = torch.randn(model.lm_head.weight.shape, generator=generator)
        head[tokenizer.eos_token_id] *= 2
        model.lm_head.weight = torch.nn.Parameter(head, requires_grad=False)
    return model, tokenizer


def test_a_batch_answers_as_one_by_one_and_as_transformers_does(loaded: Loaded) -> None:
    import torch

    model, tokenizer = loaded
    asked = conversations(24)
    together = generate_outputs(asked, model, tokenizer, GenerationSettings(max_new_tokens=24, batch_size=8))
    alone = generate_outputs(asked, model, tokenizer, GenerationSettings(max_new_tokens=24, batch_size=1))
    oracle = []
    for messages in asked:
        prompt = torch.tensor([prompt_tokens(messages, tokenizer)])
        with torch.no_grad():
            answer = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=24,
                do_sample=False,
                eos_token_id=end_tokens(model, tokenizer),
                pad_token_id=tokenizer.pad_token_id,
            )
        oracle.append(tokenizer.decode(answer[0, prompt.shape[1] :], skip_special_tokens=True))
    assert together == alone == oracle
    assert len({len(text) for text in together}) > 1


def test_the_last_answer_is_not_shown(loaded: Loaded) -> None:
    model, tokenizer = loaded
    (asked,) = conversations(1)
    settings = GenerationSettings(max_new_tokens=8)
    assert generate_outputs([asked], model, tokenizer, settings) == generate_outputs(
        [asked[:-1]], model, tokenizer, settings
    )
    assert tokenizer.decode(prompt_tokens(asked, tokenizer)).endswith("<|end|><|assistant|>")


def test_finished_batches_are_handed_over_before_a_cancel(loaded: Loaded) -> None:
    model, tokenizer = loaded
    told: list[Output] = []

    def stop(share: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        generate_outputs(
            conversations(6),
            model,
            tokenizer,
            GenerationSettings(max_new_tokens=4, batch_size=2),
            on_batch=told.extend,
            progress=stop,
        )
    assert len(told) == 2


def test_a_prompt_that_fills_the_model_is_refused(loaded: Loaded) -> None:
    model, tokenizer = loaded
    with pytest.raises(CurationError, match="512 positions"):
        generate_outputs([[{"role": "user", "content": "word " * 600}]], model, tokenizer)


def test_an_answer_stops_where_the_models_positions_end(loaded: Loaded) -> None:
    model, tokenizer = loaded
    nearly = [{"role": "user", "content": "z" * 500}]
    room = 512 - len(prompt_tokens(nearly, tokenizer))
    (text,) = generate_outputs([nearly], model, tokenizer, GenerationSettings(max_new_tokens=300))
    assert len(tokenizer(text)["input_ids"]) <= room + 2


def test_a_short_prompt_has_its_own_room_beside_a_long_one(loaded: Loaded) -> None:
    model, tokenizer = loaded
    asked = [[{"role": "user", "content": "z" * 490}], *conversations(5)]
    together = generate_outputs(asked, model, tokenizer, GenerationSettings(max_new_tokens=60, batch_size=6))
    alone = generate_outputs(asked, model, tokenizer, GenerationSettings(max_new_tokens=60, batch_size=1))
    assert together == alone
    room = 512 - len(prompt_tokens(asked[0], tokenizer))
    assert max(len(tokenizer(text)["input_ids"]) for text in together[1:]) > room


def test_nothing_asked_gives_nothing(loaded: Loaded) -> None:
    assert generate_outputs([], *loaded) == []


def test_batches_are_sorted_by_length_and_bounded() -> None:
    settings = GenerationSettings(max_new_tokens=10, batch_size=3, memory_tokens=100)
    # With 10 new tokens each: 40 + 10 allows two at once, 15 + 10 allows three.
    assert prompt_batches([5, 40, 15, 40, 40, 15, 5], settings) == [[1, 3], [4, 2], [5, 0, 6]]
    # A prompt beyond the limit goes alone.
    assert prompt_batches([500, 5], settings)[0] == [0]


def test_an_adapter_changes_the_answers(tiny_base: Path, tmp_path: Path) -> None:
    import torch

    from pipelines.training.adapter import adapter_weights, add_adapter, load_adapter, merged_adapter, save_adapter
    from pipelines.training.settings import TrainSettings

    tuned = add_adapter(load_base(str(tiny_base))[0], TrainSettings(rank=2, alpha=4))
    weights = {name: torch.ones_like(tensor) for name, tensor in adapter_weights(tuned).items()}
    save_adapter(tuned, tmp_path / "adapter", str(tiny_base), weights)
    model, tokenizer = load_base(str(tiny_base))
    settings = GenerationSettings(max_new_tokens=8)
    answer: Callable[[Any], list[str]] = lambda m: generate_outputs(conversations(4), m, tokenizer, settings)  # noqa: E731
    before = answer(model)
    tuned = load_adapter(model, tmp_path / "adapter", str(tiny_base))
    apart = answer(tuned)
    with merged_adapter(tuned):
        merged = answer(tuned)
    assert merged == apart != before
