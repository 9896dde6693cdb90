"""Look at a run's data as the trainer will, before it starts: what is learned, what is cut, what cannot work.

The data are tokenised exactly as in the run, by the same functions. Problems block a run, warnings do not. The time is
an estimate: a few real steps on examples of average length, scaled to all tokens, plus a tenth for validation; it does
not know what else the machine will do meanwhile.

Not covered: memory and cost; whether the answers are good.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.progress import Progress, no_progress, part_of
from pipelines.training.adapter import add_adapter, fold_adapters, trainable
from pipelines.training.base import load_base
from pipelines.training.batches import epoch_batches
from pipelines.training.data import TokenisedData, TokenisedExample, read_conversations, tokenise
from pipelines.training.loop import Loop
from pipelines.training.prepare import hardware_bf16, longest, resolve_device
from pipelines.training.schedule import EVALUATION_SHARE, total_steps
from pipelines.training.settings import TrainSettings

SAMPLE_EXAMPLES = 4
TRIAL_STEPS = 3
# Below these numbers of training examples a run is refused, or warned about. Source: common practice; with fewer than
# ten not even a validation loss means anything.
LEAST_EXAMPLES = 10
FEW_EXAMPLES = 100
# An adapter holds about 2 bits a parameter, a completion asks for about 1 bit a token ("LoRA Without Regret", 2025).
BITS_A_PARAMETER = 2
SHOWN_LINES = 5

Span = tuple[str, bool]


@dataclass(frozen=True)
class Preflight:
    """What the check found. `sample` holds, for each example of a first batch, its text in spans (text, trained)."""

    problems: list[str]
    warnings: list[str]
    examples: int = 0
    tokens: int = 0
    supervised: int = 0
    longest: int = 0
    max_length: int = 0
    truncated: int = 0
    vanished: int = 0
    steps: int = 0
    adapter_parameters: int = 0
    estimated_seconds: float | None = None
    sample: list[list[Span]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing blocks the run."""
        return not self.problems


def check(
    source: Path | Sequence[Sequence[Message]],
    settings: TrainSettings,
    *,
    estimate: bool = True,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
) -> Preflight:
    """Check training data against a base model and settings.

    Args:
        source: a chat file (`{"messages": [...]}` a line), or the conversations themselves.
        settings: the settings of the run that would follow.
        estimate: whether to do a few real steps for the estimate of time.
        progress: told now and then.
        clock: seconds that pass.

    Returns:
        The findings; a base model or a file that cannot be used is a problem in them, not an exception.
    """
    try:
        conversations = read_conversations(source) if isinstance(source, Path) else list(source)
        device = resolve_device(settings.device)
        progress(0.0, "Loading the base model")
        model, tokenizer = load_base(settings.base, device=device)
        limit = longest(model, settings)
        data = tokenise(conversations, tokenizer, max_length=limit, progress=part_of(progress, 0.1, 0.7))
        if not data.examples:
            raise CurationError(
                f"None of the {len(conversations):,} examples has anything to learn within {limit:,} tokens.",
                "Raise max_length, or keep examples that end with an assistant message.",
            )
        tuned = add_adapter(model, settings)
    except CurationError as error:
        return Preflight([f"{error.message} {error.remedy}"], [])
    fold_adapters(tuned)
    steps = total_steps(settings, len(data.examples))
    parameters = sum(parameter.numel() for parameter in trainable(tuned))
    seconds = _estimated_seconds(tuned, data, settings, steps, device, clock) if estimate else None
    progress(1.0, "Checked")
    return Preflight(
        problems=_problems(data, tokenizer),
        warnings=_warnings(data, parameters, settings),
        examples=len(data.examples),
        tokens=data.tokens,
        supervised=data.supervised,
        longest=max(len(example.tokens) for example in data.examples),
        max_length=limit,
        truncated=len(data.truncated),
        vanished=len(data.vanished),
        steps=steps,
        adapter_parameters=parameters,
        estimated_seconds=seconds,
        sample=_sample(data, tokenizer, settings),
    )


def spans_of(example: TokenisedExample, tokenizer: Any) -> list[Span]:
    """Decode an example into runs of text that are trained and runs that are only read."""
    runs: list[tuple[list[int], bool]] = []
    for token, trained in zip(example.tokens, example.trained, strict=True):
        if runs and runs[-1][1] == trained:
            runs[-1][0].append(token)
        else:
            runs.append(([token], trained))
    return [
        (tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False), trained)
        for tokens, trained in runs
    ]


def _problems(data: TokenisedData, tokenizer: Any) -> list[str]:
    problems: list[str] = []
    if len(data.examples) < LEAST_EXAMPLES:
        problems.append(
            f"Only {len(data.examples)} examples can be trained on; below {LEAST_EXAMPLES} nothing can be learned "
            "or measured. Keep or collect more."
        )
    first = data.examples[0].tokens
    if tokenizer.bos_token_id is not None and first[:2] == [tokenizer.bos_token_id] * 2:
        problems.append("Each example begins with two begin-of-text tokens. Remove one from the chat template.")
    whole = [example for example in data.examples if not example.truncated]
    if whole and not any(_ends(example, tokenizer) for example in whole):
        problems.append(
            "No example trains a token that ends the answer, so the tuned model would not know when to stop. "
            "The chat template must close assistant messages with the tokenizer's end token."
        )
    return problems


def _ends(example: TokenisedExample, tokenizer: Any) -> bool:
    """Say whether the last trained token is one of the tokenizer's control tokens."""
    last = max(index for index, trained in enumerate(example.trained) if trained)
    known = tokenizer.added_tokens_decoder.get(example.tokens[last])
    return example.tokens[last] == tokenizer.eos_token_id or (known is not None and known.special)


def _warnings(data: TokenisedData, parameters: int, settings: TrainSettings) -> list[str]:
    warnings: list[str] = []
    if len(data.examples) < FEW_EXAMPLES:
        warnings.append(f"{len(data.examples)} training examples are few; expect a weak and noisy result.")
    if data.truncated:
        lost = sum(example.lost for example in data.examples)
        warnings.append(
            f"{len(data.truncated):,} examples are longer than the limit and are cut; {lost:,} trained tokens and "
            f"their ends are lost with it (examples {_listed(data.truncated)})."
        )
    if data.vanished:
        warnings.append(
            f"{len(data.vanished):,} examples hold nothing to learn; left out (examples {_listed(data.vanished)})."
        )
    if data.control_tokens:
        warnings.append(
            f"The text of {len(data.control_tokens):,} examples spells a control token of the model, which is read as "
            f"a real one (examples {_listed(data.control_tokens)})."
        )
    if parameters * BITS_A_PARAMETER < data.supervised:
        warnings.append(
            f"The adapter is small for this much data ({parameters:,} parameters, {data.supervised:,} trained tokens); "
            "a higher rank may learn more."
        )
    if settings.batch_size > len(data.examples):
        warnings.append("The batch is larger than the data: each epoch is one step.")
    return warnings


def _listed(positions: list[int]) -> str:
    shown = ", ".join(str(position + 1) for position in positions[:SHOWN_LINES])
    return shown + (" …" if len(positions) > SHOWN_LINES else "")


def _sample(data: TokenisedData, tokenizer: Any, settings: TrainSettings) -> list[list[Span]]:
    lengths = [len(example.tokens) for example in data.examples]
    batch = epoch_batches(lengths, settings.batch_size, seed=settings.seed, epoch=0)[0]
    return [spans_of(data.examples[index], tokenizer) for index in batch[:SAMPLE_EXAMPLES]]


def _estimated_seconds(
    tuned: Any, data: TokenisedData, settings: TrainSettings, steps: int, device: str, clock: Callable[[], float]
) -> float:
    """Time a few steps on examples around the median length; the first step, which warms up, is not counted."""
    order = sorted(data.examples, key=lambda example: len(example.tokens))
    wanted = min(len(order), settings.batch_size)
    start = (len(order) - wanted) // 2
    few = order[start : start + wanted]
    bf16 = hardware_bf16(device) if settings.bf16 is None else settings.bf16
    loop = Loop(tuned, few, [], settings, steps=steps, pad_id=0, device=device, bf16=bf16)
    loop.advance()
    began = clock()
    tokens = sum(loop.advance().tokens for _ in range(TRIAL_STEPS))
    seconds_a_token = (clock() - began) / tokens
    return seconds_a_token * settings.epochs * data.tokens * (1 + EVALUATION_SHARE)
