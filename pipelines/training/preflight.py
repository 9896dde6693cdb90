"""Look at a run's data as the trainer will, before it starts: what is learned, what is cut, what cannot work.

The data are tokenised exactly as in the run, by the same functions. Red findings block a run, yellow ones
warn (`findings.py`). The time is
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
from pipelines.progress import Progress, no_progress, part_of
from pipelines.training.adapter import add_adapter, fold_adapters, trainable
from pipelines.training.base import load_base
from pipelines.training.batches import computed_tokens, first_batches, split_by_memory
from pipelines.training.data import TokenisedData, TokenisedExample
from pipelines.training.findings import Finding, few_examples, problems_of, small_capacity
from pipelines.training.loop import Loop
from pipelines.training.pairs import PairData, noun, read_for, tokenise_for
from pipelines.training.preference import preference_loss
from pipelines.training.prepare import base_bits, check_method, hardware_bf16, longest, resolve_device
from pipelines.training.schedule import EVALUATION_SHARE, FORWARD_SHARE, total_steps
from pipelines.training.settings import TrainSettings

SAMPLE_BATCHES, SAMPLE_EXAMPLES = 2, 8
TRIAL_STEPS = 3
Span = tuple[str, bool]


@dataclass(frozen=True)
class Preflight:
    """What the check found. `sample` holds, for each example of a first batch, its text in spans (text, trained)."""

    findings: list[Finding]
    examples: int = 0
    tokens: int = 0
    supervised: int = 0
    longest: int = 0
    max_length: int = 0
    truncated: int = 0
    vanished: int = 0
    lost: int = 0
    """Trained tokens that the cut takes away."""
    steps: int = 0
    adapter_parameters: int = 0
    padding_share: float = 0.0
    """Share of the first epoch's computed tokens that are padding."""
    estimated_seconds: float | None = None
    sample: list[list[Span]] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    """What each of `sample` is called."""

    @property
    def problems(self) -> list[str]:
        """What blocks the run, whatever a person says."""
        return [finding.message for finding in self.findings if finding.level == "red"]

    @property
    def to_force(self) -> list[str]:
        """What blocks the run unless a person forces it."""
        return [finding.message for finding in self.findings if finding.level == "yellow" and finding.needs_force]

    @property
    def warnings(self) -> list[str]:
        """What is only said."""
        return [finding.message for finding in self.findings if finding.level == "yellow" and not finding.needs_force]

    @property
    def ok(self) -> bool:
        """Whether nothing blocks the run."""
        return not self.problems


def check(
    source: Path | Sequence[Any],
    settings: TrainSettings,
    *,
    estimate: bool = True,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
) -> Preflight:
    """Check training data against a base model and settings.

    Args:
        source: a data file (`{"messages": [...]}` a line, `rejected` beside it for preference training), or what it
            holds: conversations, or a `Pair` each.
        settings: the settings of the run that would follow.
        estimate: whether to do a few real steps for the estimate of time.
        progress: told now and then.
        clock: seconds that pass.

    Returns:
        The findings; a base model or a file that cannot be used is a problem in them, not an exception.
    """
    try:
        rows = read_for(settings, source) if isinstance(source, Path) else list(source)
        device = resolve_device(settings.device)
        check_method(settings, device)
        progress(0.0, "Loading the base model")
        model, tokenizer = load_base(settings.base, device=device, bits=base_bits(settings))
        limit = longest(model, settings)
        data = tokenise_for(settings, rows, tokenizer, max_length=limit, progress=part_of(progress, 0.1, 0.7))
        if not data.examples:
            raise CurationError(
                f"None of the {len(rows):,} examples has anything to learn within {limit:,} tokens.",
                "Raise max_length, or keep examples that end with an assistant message, pairs with two different ones.",
            )
        tuned = add_adapter(model, settings, data.examples)
    except CurationError as error:
        return Preflight([Finding("red", "cannot start", f"{error.message} {error.remedy}")])
    findings = [*problems_of(data, rows, model, tokenizer), *few_examples(len(data.examples), noun(settings))]
    if settings.method != "dpo":  # a pair tells one bit, however long its answers are
        findings += small_capacity(sum(parameter.numel() for parameter in trainable(tuned)), data.supervised, settings)
    fold_adapters(tuned)
    steps = total_steps(settings, len(data.examples))
    shown = _first_examples(data, settings)
    parameters = sum(parameter.numel() for parameter in trainable(tuned))
    seconds = _estimated_seconds(tuned, data, settings, steps, device, clock) if estimate else None
    progress(1.0, "Checked")
    return Preflight(
        findings=findings,
        examples=len(data.examples),
        tokens=data.tokens,
        supervised=data.supervised,
        longest=max(len(side.tokens) for example in data.examples for side in example.sides),
        max_length=limit,
        truncated=len(data.truncated),
        vanished=len(data.vanished),
        lost=data.lost,
        steps=steps,
        adapter_parameters=parameters,
        padding_share=_padding_share(data, settings),
        estimated_seconds=seconds,
        sample=[spans_of(side, tokenizer) for example in shown for side in example.sides],
        titles=[title for number in range(len(shown)) for title in _titles(number + 1, settings)],
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


def _first_examples(data: TokenisedData | PairData, settings: TrainSettings) -> list[Any]:
    lengths = [example.size for example in data.examples]
    batches = first_batches(lengths, settings)[:SAMPLE_BATCHES]
    return [data.examples[index] for batch in batches for index in batch][:SAMPLE_EXAMPLES]


def _titles(number: int, settings: TrainSettings) -> list[str]:
    if settings.method != "dpo":
        return [f"Example {number}"]
    return [f"Pair {number}, chosen", f"Pair {number}, rejected"]


def _padding_share(data: TokenisedData | PairData, settings: TrainSettings) -> float:
    lengths = [example.size for example in data.examples]
    batches = first_batches(lengths, settings)
    parts = [part for batch in batches for part in split_by_memory(batch, lengths, settings.memory_tokens)]
    computed = sum(computed_tokens(part, lengths, settings) for part in parts)
    return 1 - data.tokens / computed


def _estimated_seconds(
    tuned: Any,
    data: TokenisedData | PairData,
    settings: TrainSettings,
    steps: int,
    device: str,
    clock: Callable[[], float],
) -> float:
    """Time a few steps on examples around the median length; the first step, which warms up, is not counted."""
    order = sorted(data.examples, key=lambda example: example.size)
    wanted = min(len(order), settings.batch_size)
    start = (len(order) - wanted) // 2
    few = order[start : start + wanted]
    bf16 = hardware_bf16(device) if settings.bf16 is None else settings.bf16
    objective = preference_loss(settings, pad_id=0, device=device)
    loop = Loop(tuned, few, [], settings, steps=steps, pad_id=0, device=device, bf16=bf16, objective=objective)
    loop.advance()
    began = clock()
    tokens = sum(loop.advance().tokens for _ in range(TRIAL_STEPS))
    seconds_a_token = (clock() - began) / tokens
    passes = settings.epochs * (1 + EVALUATION_SHARE) + (FORWARD_SHARE if objective else 0)  # one for the reference
    return seconds_a_token * passes * data.tokens
