"""Train an adapter on a run folder's data: the whole run, from its files to its adapter.

    RUN/data/train.jsonl, validation.jsonl    {"messages": [...]} a line; general.jsonl where general_share is set
    RUN/checkpoints/step-000120/              the newest three
    RUN/reference.safetensors                 of a preference run: what its starting model says of each pair
    RUN/adapter/                              the best adapter so far, by validation loss
    RUN/result.json                           figures of the finished (or cancelled) run

LoRA (also on a quantised base), soft prompts, all weights and preference training (DPO) on transformers and peft
models, with a loop of our own: batches of similar length, logits only where a token is learned, the adapter folded into
narrow weights, bfloat16 where the processor has it. A run that finds checkpoints goes on from the newest. What is
measured of time comes from the clock that is handed in.

Not covered: several devices (an exported folder for TRL does that).
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipelines.progress import Progress, no_progress, part_of
from pipelines.training.adapter import add_adapter, continue_adapter, fold_adapters, save_adapter
from pipelines.training.base import base_fingerprint
from pipelines.training.checkpoint import read_checkpoint, write_checkpoint
from pipelines.training.drift import TASK_PANEL, Drift
from pipelines.training.loop import Loop, out_of_memory
from pipelines.training.loss import TokenLoss
from pipelines.training.pace import Pace, memory_in_use
from pipelines.training.preference import preferences_told, reference_losses, with_preferences
from pipelines.training.prepare import STARTING_ADAPTER, Prepared, prepare
from pipelines.training.record import (
    data_fingerprint,
    dataset_version,
    hardware,
    library_versions,
    tokenizer_fingerprint,
)
from pipelines.training.samples import choose_samples, sample_answers
from pipelines.training.schedule import evaluation_interval, stays_until, total_steps
from pipelines.training.settings import TrainSettings

# Rows of metrics in a long run, about; short runs get one a step.
METRIC_ROWS = 500
PREPARING = 0.05
# Sample answers between the first and the last take at most this share of the time.
SAMPLING_SHARE = 0.05


@dataclass(frozen=True)
class TrainEvents:
    """Who is told what while a run goes on, and who may stop it."""

    on_metrics: Callable[[dict[str, Any]], None] = lambda row: None
    on_progress: Progress = no_progress
    on_samples: Callable[[dict[str, Any]], None] = lambda row: None
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class TrainResult:
    """Figures of a run. Losses are means over trained tokens, in nats."""

    state: Literal["finished", "stopped early", "cancelled"]
    steps: int
    planned_steps: int
    epochs: float
    best_step: int
    best_validation_loss: float | None
    base_validation_loss: float | None
    final_loss: float | None
    train_examples: int
    validation_examples: int
    truncated: int
    vanished: int
    tokens: int
    """Real tokens that were read in training, over all epochs."""
    seconds: float
    adapter_sha256: str
    kl_task: float | None
    """KL to the base by token of the adapter that is kept, on validation examples; nats."""
    kl_general: float | None
    general_examples: int
    general_loss_before: float | None
    general_loss_after: float | None
    memory_tokens: int
    """Padded tokens computed at once; lower than set where memory ran out."""
    base: str
    base_sha256: str
    base_revision: str
    """Commit of a base from the hub; empty for a folder."""
    tokenizer_sha256: str
    template_sha256: str
    version: str
    """Dataset version, as the run's `data/version.json` names it."""
    data_sha256: str
    settings: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    reward_margin: float | None = None
    """Of preference training, on the validation pairs with the adapter that is kept: mean margin, and the share of
    pairs whose chosen answer it raises more, with the 95 % interval."""
    preference_accuracy: float | None = None
    preference_low: float | None = None
    preference_high: float | None = None


def train(
    run_folder: Path,
    settings: TrainSettings,
    *,
    events: TrainEvents | None = None,
    forced: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> TrainResult:
    """Train an adapter, or go on where the run's newest checkpoint stands.

    Args:
        run_folder: holds `data/`; gets `checkpoints/`, `adapter/`, `result.json`.
        settings: the run's settings; on resuming they must be those that the run began with.
        events: who is told; metrics rows hold step, epoch, loss, validation_loss, learning_rate, tokens_per_second,
            gradient_norm, seconds (row 0 is the base before any step, its loss is null), padding_share, kl_task at
            evaluations, memory in bytes, seconds_left once the first 20 steps have shown how long one takes.
            Sample rows hold step and samples (kind, prompt, reference, text).
        forced: train in spite of findings that a person may accept.
        clock: seconds that pass.

    Raises:
        CurationError: what cannot work, before any work; or a loss that is no number any more.
    """
    events = events or TrainEvents()
    prepared = prepare(run_folder, settings, forced=forced, progress=part_of(events.on_progress, 0.0, PREPARING))
    task, general = (
        Drift(
            panel,
            TokenLoss(prepared.model, bf16=prepared.bf16, device=prepared.device),
            vocabulary=prepared.model.get_input_embeddings().weight.shape[0],
            memory_tokens=settings.memory_tokens,
            pad_id=prepared.tokenizer.pad_token_id or 0,
            device=prepared.device,
        )
        for panel in (prepared.panel(TASK_PANEL), prepared.general)
    )
    if settings.starts_from:
        model = continue_adapter(prepared.model, run_folder / "data" / STARTING_ADAPTER, settings)
    else:
        model = add_adapter(prepared.model, settings, prepared.train)
    fold_adapters(model)
    objective = None
    if settings.method == "dpo":
        prepared, objective = with_preferences(run_folder, prepared, model, settings)
    loop = Loop(
        model,
        prepared.train,
        prepared.validation,
        settings,
        steps=total_steps(settings, len(prepared.train)),
        pad_id=prepared.tokenizer.pad_token_id or 0,
        device=prepared.device,
        bf16=prepared.bf16,
        objective=objective,
    )
    return _Run(run_folder, settings, prepared, loop, task, general, events, clock).go()


class _Run:
    """One run while it goes on: what was counted, and when to evaluate, tell and save."""

    def __init__(
        self,
        folder: Path,
        settings: TrainSettings,
        prepared: Prepared,
        loop: Loop,
        task: Drift,
        general: Drift,
        events: TrainEvents,
        clock: Callable[[], float],
    ) -> None:
        self.folder, self.settings, self.prepared = folder, settings, prepared
        self.loop, self.events, self.clock = loop, events, clock
        self.task, self.general = task, general
        self.kl_task: float | None = None
        self.preference: dict[str, Any] = {}
        self.best_preference: dict[str, Any] = {}
        self.samples: list[tuple[str, int]] = []
        self.sampling_seconds = 0.0
        self.pace = Pace(loop.steps)
        self.tokens, self.earlier, self.began = 0, 0.0, clock()
        self.base_loss: float | None = None
        self.final_loss: float | None = None
        self.evaluate_every = evaluation_interval(
            settings,
            loop.steps_an_epoch,
            sum(example.read for example in prepared.train),
            sum(example.read for example in prepared.validation),
        )
        self.tell_every = max(1, loop.steps // METRIC_ROWS)
        self._forget_window()

    def go(self) -> TrainResult:
        loop = self.loop
        self._resume_or_begin()
        saved = loop.step
        while loop.step < loop.steps and not loop.stopping.should_stop:
            if self.events.should_stop():
                if loop.step > saved:
                    self._save()
                return self._finish("cancelled")
            started = self.clock()
            rate = loop.learning_rate
            figures = loop.advance()
            self.pace.step(self.clock() - started)
            self.window_seconds += self.clock() - started
            self.window_computed += figures.computed
            self.window_loss += figures.loss_sum
            self.window_weight += figures.weight
            self.window_tokens += figures.tokens
            self.tokens += figures.tokens
            last = loop.step == loop.steps
            evaluated = bool(self.prepared.validation) and (last or loop.step % self.evaluate_every == 0)
            if evaluated or last or loop.step % self.tell_every == 0:
                loss = self._evaluate() if evaluated else None
                self._tell(rate, figures.gradient_norm, loss)
            if last or loop.step % (self.settings.checkpoint_every or self.evaluate_every) == 0:
                self._save()
                saved = loop.step
        return self._finish("finished" if loop.step >= loop.steps else "stopped early")

    def _resume_or_begin(self) -> None:
        found = read_checkpoint(self.folder / "checkpoints", self.prepared.fingerprint)
        if found is not None:
            self.loop.restore(found.tensors, found.state)
            self.tokens, self.earlier = found.state["tokens"], found.state["seconds"]
            self.base_loss, self.final_loss = found.state["base_loss"], found.state["final_loss"]
            self.samples = [(kind, position) for kind, position in found.state.get("samples", [])]
            self.best_preference = found.state.get("preference", {})
            return
        if self.prepared.validation:
            self.base_loss, losses = self.loop.evaluate()
            self.preference = self.best_preference = preferences_told(losses, self.prepared.validation)
            losses = reference_losses(self.prepared.validation) if self.preference else losses
            self.samples = choose_samples(losses, self.settings.sample_outputs, self.settings.seed)
            self._sample()
        self.events.on_metrics(self._row(None, self.base_loss, 0.0, None, None))

    def _evaluate(self) -> float:
        started = self.clock()
        loss, by_example = self.loop.evaluate()
        self.kl_task = self.task.measure(self.loop.token_loss)[0]
        self.preference = preferences_told(by_example, self.prepared.validation)
        self.pace.evaluation(self.clock() - started)
        if self.sampling_seconds <= SAMPLING_SHARE * self._seconds() or self.loop.step == self.loop.steps:
            self._sample()
        falling = self.loop.step > stays_until(self.loop.steps, self.settings)
        if self.loop.stopping.record(self.loop.step, loss, by_example, counts=falling):
            self.loop.keep_best()
            self.best_preference = self.preference
            save_adapter(
                self.loop.model, self.folder / "adapter", self.settings.base, self.loop.best, self.prepared.tokenizer
            )
        return loss

    def _sample(self) -> None:
        """Answer the fixed prompts, if that has not cost too large a share of the time so far."""
        if not self.samples:
            return
        started = self.clock()
        told = []
        try:
            told = sample_answers(
                self.samples, self.prepared.validation_messages, self.loop.model, self.prepared.tokenizer
            )
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            self.samples = []  # to look at answers is not worth the run
        self.events.on_samples({"step": self.loop.step, "samples": told})
        self.sampling_seconds += self.clock() - started

    def _save(self) -> None:
        tensors, figures = self.loop.state()
        figures |= {
            "fingerprint": self.prepared.fingerprint,
            "tokens": self.tokens,
            "seconds": self._seconds(),
            "base_loss": self.base_loss,
            "final_loss": self.final_loss,
            "samples": self.samples,
            "preference": self.best_preference,
        }
        write_checkpoint(self.folder / "checkpoints", self.loop.step, tensors, figures)

    def _tell(self, rate: float, norm: float, validation_loss: float | None) -> None:
        loop = self.loop
        loss = self.window_loss / self.window_weight
        speed = self.window_tokens / max(self.window_seconds, 1e-9)
        self.final_loss = loss
        self.events.on_metrics(self._row(loss, validation_loss, rate, speed, norm))
        left = self.pace.left(loop.step, self.evaluate_every)
        until = "" if left is None else f", about {left:,.0f} s left"
        self.events.on_progress(
            PREPARING + (1 - PREPARING) * loop.step / loop.steps,
            f"Step {loop.step:,} of {loop.steps:,}, loss {loss:.3f}, {speed:,.0f} tokens a second{until}",
        )
        self._forget_window()

    def _row(
        self, loss: float | None, validation_loss: float | None, rate: float, speed: float | None, norm: float | None
    ) -> dict[str, Any]:
        return {
            "step": self.loop.step,
            "epoch": round(self.loop.epoch, 4),
            "loss": loss,
            "validation_loss": validation_loss,
            "learning_rate": rate,
            "tokens_per_second": speed,
            "gradient_norm": norm,
            "seconds": round(self._seconds(), 3),
            "padding_share": 1 - self.window_tokens / self.window_computed if self.window_computed else None,
            "kl_task": None if validation_loss is None or loss is None else self.kl_task,
            "memory": memory_in_use(self.prepared.device),
            "seconds_left": self.pace.left(self.loop.step, self.evaluate_every),
            **(self.preference if validation_loss is not None else {}),
        }

    def _finish(self, state: Literal["finished", "stopped early", "cancelled"]) -> TrainResult:
        loop = self.loop
        digest = save_adapter(
            loop.model, self.folder / "adapter", self.settings.base, loop.best or None, self.prepared.tokenizer
        )
        evaluated = bool(loop.best)
        kl_task = kl_general = general_after = None
        if state != "cancelled":  # whoever cancels does not wait for it
            loop.take_best()
            kl_task, _ = self.task.measure(loop.token_loss)
            kl_general, general_after = self.general.measure(loop.token_loss)
        result = TrainResult(
            state=state,
            steps=loop.step,
            planned_steps=loop.steps,
            epochs=round(loop.epoch, 4),
            best_step=loop.stopping.best_step if evaluated else loop.step,
            best_validation_loss=loop.stopping.best_loss if evaluated else None,
            base_validation_loss=self.base_loss,
            final_loss=self.final_loss,
            train_examples=len(self.prepared.train),
            validation_examples=len(self.prepared.validation),
            truncated=self.prepared.truncated,
            vanished=self.prepared.vanished,
            tokens=self.tokens,
            seconds=round(self._seconds(), 3),
            adapter_sha256=digest,
            kl_task=kl_task if self.task.examples else None,
            kl_general=kl_general if self.general.examples else None,
            general_examples=len(self.general.examples),
            general_loss_before=self.general.base_loss if self.general.examples else None,
            general_loss_after=general_after if self.general.examples else None,
            memory_tokens=loop.memory_tokens,
            base=self.settings.base,
            base_sha256=base_fingerprint(self.settings.base),
            base_revision=str(getattr(self.prepared.model.config, "_commit_hash", None) or ""),
            tokenizer_sha256=tokenizer_fingerprint(self.prepared.tokenizer),
            version=dataset_version(self.folder),
            data_sha256=data_fingerprint(self.folder),
            template_sha256=hashlib.sha256(str(self.prepared.tokenizer.chat_template).encode()).hexdigest(),
            settings=self.settings.model_dump(mode="json"),
            versions=library_versions(),
            hardware=hardware(self.prepared.device) | {"threads": self.settings.threads, "bf16": self.prepared.bf16},
            **(self.best_preference if evaluated else {}),
        )
        fresh = self.folder / "result.json.new"
        fresh.write_text(json.dumps(asdict(result), indent=2) + "\n", "utf-8")
        os.replace(fresh, self.folder / "result.json")
        return result

    def _seconds(self) -> float:
        return self.earlier + self.clock() - self.began

    def _forget_window(self) -> None:
        self.window_loss = self.window_seconds = 0.0
        self.window_weight = self.window_tokens = self.window_computed = 0
