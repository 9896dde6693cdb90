"""Answer conversations with a local model: greedy, in batches, the same text as one by one.

Method: prompts are rendered by the chat template, sorted by length and padded on the left; each new token is computed
from cached keys and values; an answer that has ended leaves the batch at once, so that no time goes into it. An answer
ends at an end-of-turn token (the tokenizer's or the model's) or at `max_new_tokens`.

Not covered: beam search; sampling (`answer.py`, for one conversation); models behind an endpoint (`endpoint.py`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.generation.settings import GenerationSettings
from pipelines.progress import Progress, no_progress
from pipelines.training.data import plain_messages
from pipelines.training.soft_prompt import embedded, virtual_tokens


@dataclass(frozen=True)
class Output:
    """One answer: the position of its conversation, its text, its tokens, and its share of its batch's seconds."""

    position: int
    text: str
    seconds: float
    tokens: int


def generate_outputs(
    conversations: Sequence[Sequence[Message]],
    model: Any,
    tokenizer: Any,
    settings: GenerationSettings | None = None,
    *,
    on_batch: Callable[[list[Output]], None] | None = None,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
) -> list[str]:
    """Answer every conversation; its last assistant message, if there is one, is not shown to the model.

    Args:
        conversations: messages with `role` and `content`.
        model: a causal language model, with or without adapter.
        tokenizer: its tokenizer, with a chat template.
        settings: batch size and longest answer.
        on_batch: called with each finished batch; what it was told of is done, whatever happens later.
        progress: told after each batch; `Cancelled` from it passes through.
        clock: seconds that pass.

    Returns:
        The answers in the order of the conversations, without the end-of-turn token.

    Raises:
        CurationError: a prompt leaves no room for an answer in the model's positions.
    """
    settings = settings or GenerationSettings()
    prompts = [prompt_tokens(messages, tokenizer) for messages in conversations]
    check_room(prompts, model)
    texts = [""] * len(prompts)
    ends = end_tokens(model, tokenizer)
    done = 0
    for batch in prompt_batches([len(prompt) for prompt in prompts], settings):
        began = clock()
        answers = answer_tokens([prompts[index] for index in batch], model, ends, settings.max_new_tokens)
        decoded = tokenizer.batch_decode(answers, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        seconds = (clock() - began) / len(batch)
        for index, text in zip(batch, decoded, strict=True):
            texts[index] = text
        if on_batch is not None:
            counts = [len(answer) for answer in answers]
            on_batch([Output(i, texts[i], seconds, count) for i, count in zip(batch, counts, strict=True)])
        done += len(batch)
        progress(done / len(prompts), f"Answered {done:,} of {len(prompts):,}")
    return texts


def prompt_tokens(messages: Sequence[Message], tokenizer: Any) -> list[int]:
    """Render a conversation up to the point where the assistant speaks, and tokenise it.

    Raises:
        CurationError: the template refuses the conversation.
    """
    plain = plain_messages(messages)
    if plain and plain[-1]["role"] == "assistant":
        plain = plain[:-1]
    try:
        encoded = tokenizer.apply_chat_template(plain, tokenize=True, add_generation_prompt=True, return_dict=True)
    except Exception as error:  # Jinja errors and what templates raise by themselves
        raise CurationError(
            f"The model's chat template cannot render a prompt of {len(plain)} messages: {error}",
            "Look at the roles of the messages: many templates want user and assistant in turn.",
        ) from error
    return list(encoded["input_ids"])


def check_room(prompts: Sequence[Sequence[int]], model: Any) -> None:
    """Refuse prompts that fill the model's positions.

    Raises:
        CurationError: names the longest prompt and the model's limit.
    """
    limit = position_limit(model)
    longest = max((len(prompt) for prompt in prompts), default=0)
    if limit is not None and longest >= limit:
        raise CurationError(
            f"A prompt of {longest:,} tokens leaves no room for an answer: the model has {limit:,} positions.",
            "Use fewer or shorter few-shot examples, or a base model with a longer context.",
        )


def position_limit(model: Any) -> int | None:
    """Return how many tokens the model can hold beside its soft prompt, or None where it does not say."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return limit - virtual_tokens(model) if isinstance(limit, int) else None


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Return the ids that end an answer."""
    configured = model.generation_config.eos_token_id if model.generation_config is not None else None
    ids = configured if isinstance(configured, list) else [configured]
    ids = [*ids, tokenizer.eos_token_id, tokenizer.get_vocab().get("<|end|>")]
    return sorted({token for token in ids if token is not None})


def prompt_batches(lengths: Sequence[int], settings: GenerationSettings) -> list[list[int]]:
    """Cut positions, longest prompt first, into batches within `batch_size` and `memory_tokens`."""
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda position: (-lengths[position], position)):
        if not batches or len(batches[-1]) >= room:
            batches.append([])
            room = min(settings.batch_size, settings.memory_tokens // (lengths[index] + settings.max_new_tokens))
        batches[-1].append(index)
    return batches


def answer_tokens(
    prompts: list[list[int]],
    model: Any,
    ends: list[int],
    max_new_tokens: int,
    *,
    choose: Callable[[Any], Any] | None = None,
    on_step: Callable[[list[list[int]]], bool] | None = None,
) -> list[list[int]]:
    """Compute the tokens of a batch's answers, without the tokens that end them.

    Args:
        prompts: token ids, one list a prompt; not empty.
        model: a causal language model.
        ends: ids that end an answer.
        max_new_tokens: longest answer.
        choose: takes logits (rows, vocabulary) and returns an id a row; the most likely one when not given.
        on_step: told the answers so far after each token; what it returns says whether to go on.
    """
    import torch
    from transformers import DynamicCache

    device = next(model.parameters()).device
    longest = max(len(prompt) for prompt in prompts)
    limit = position_limit(model)
    # Each answer's own room: that of a short prompt does not depend on what it shares its batch with.
    room = [max_new_tokens if limit is None else min(max_new_tokens, limit - len(prompt)) for prompt in prompts]
    tokens_in = np.zeros((len(prompts), longest), dtype=np.int64)
    mask_in = np.zeros((len(prompts), longest), dtype=np.int64)
    for row, prompt in enumerate(prompts):
        tokens_in[row, longest - len(prompt) :] = prompt
        mask_in[row, longest - len(prompt) :] = 1
    tokens, mask = torch.from_numpy(tokens_in).to(device), torch.from_numpy(mask_in).to(device)
    asked: dict[str, Any] = {"input_ids": tokens}
    before = virtual_tokens(model)
    if before:
        with torch.inference_mode():
            asked = {"inputs_embeds": embedded(model, tokens)}
        mask = torch.cat([mask.new_ones(len(prompts), before), mask], 1)
        model = model.get_base_model()
    places = (mask.cumsum(1) - 1).clamp(min=0)
    stop = torch.tensor(ends, dtype=torch.int64, device=device)
    answers: list[list[int]] = [[] for _ in prompts]
    active = list(range(len(prompts)))
    cache = DynamicCache(config=model.config)
    with torch.inference_mode():
        for _ in range(max(room)):
            padded = bool(mask[:, before].min() == 0)  # a padded prompt has no token right after the soft prompt
            logits = model(
                **asked,
                attention_mask=mask if padded else None,
                position_ids=places,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            following = logits.argmax(-1) if choose is None else choose(logits)
            going = ~torch.isin(following, stop)
            for row, token, goes in zip(active, following.tolist(), going.tolist(), strict=True):
                if goes:
                    answers[row].append(token)
            if on_step is not None and not on_step(answers):
                break
            full = torch.tensor([len(answers[row]) >= room[row] for row in active], device=device)
            going &= ~full
            if not bool(going.all()):
                left = going.nonzero().flatten()
                if left.numel() == 0:
                    break
                active = [active[index] for index in left.tolist()]
                cache.batch_select_indices(left)
                following, mask, places = following[left], mask[left], places[left]
            asked = {"input_ids": following[:, None]}
            places = places[:, -1:] + 1
            mask = torch.cat([mask, mask.new_ones(len(active), 1)], 1)
    return answers
