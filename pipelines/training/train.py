"""Train an adapter on a run folder's data: the whole run, from its files to its adapter.

    RUN/data/train.jsonl, validation.jsonl    {"messages": [...]} a line; general.jsonl where general_share is set
    RUN/checkpoints/step-000120/              the newest three
    RUN/adapter/                              the best adapter so far, by validation loss
    RUN/result.json                           figures of the finished (or cancelled) run

LoRA on transformers and peft models with a loop of our own: batches of similar length, logits only where a token is
learned, the adapter folded into narrow weights, bfloat16 where the processor has it. A run that finds checkpoints goes
on from the newest. What is measured of time comes from the clock that is handed in.

Not covered: several devices, quantised bases, full fine-tuning.
"""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pipelines.progress import Progress, no_progress, part_of
from pipelines.training.adapter import add_adapter, fold_adapters, save_adapter
from pipelines.training.base import base_fingerprint
from pipelines.training.checkpoint import read_checkpoint, write_checkpoint
from pipelines.training.loop import Loop
from pipelines.training.prepare import Prepared, prepare
from pipelines.training.schedule import evaluation_interval, total_steps
from pipelines.training.settings import TrainSettings

# Rows of metrics in a long run, about; short runs get one a step.
METRIC_ROWS = 500
PREPARING = 0.05


@dataclass(frozen=True)
class TrainEvents:
    """Who is told what while a run goes on, and who may stop it."""

    on_metrics: Callable[[dict[str, Any]], None] = lambda row: None
    on_progress: Progress = no_progress
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
    base: str
    base_sha256: str
    template_sha256: str
    settings: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)


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
            gradient_norm, seconds (row 0 is the base before any step, its loss is null).
        forced: train in spite of findings that a person may accept.
        clock: seconds that pass.

    Raises:
        CurationError: what cannot work, before any work; or a loss that is no number any more.
    """
    events = events or TrainEvents()
    prepared = prepare(run_folder, settings, forced=forced, progress=part_of(events.on_progress, 0.0, PREPARING))
    model = add_adapter(prepared.model, settings)
    fold_adapters(model)
    loop = Loop(
        model,
        prepared.train,
        prepared.validation,
        settings,
        steps=total_steps(settings, len(prepared.train)),
        pad_id=prepared.tokenizer.pad_token_id or 0,
        device=prepared.device,
        bf16=prepared.bf16,
    )
    return _Run(run_folder, settings, prepared, loop, events, clock).go()


class _Run:
    """One run while it goes on: what was counted, and when to evaluate, tell and save."""

    def __init__(
        self,
        folder: Path,
        settings: TrainSettings,
        prepared: Prepared,
        loop: Loop,
        events: TrainEvents,
        clock: Callable[[], float],
    ) -> None:
        self.folder, self.settings, self.prepared = folder, settings, prepared
        self.loop, self.events, self.clock = loop, events, clock
        self.tokens, self.earlier, self.began = 0, 0.0, clock()
        self.base_loss: float | None = None
        self.final_loss: float | None = None
        self.evaluate_every = evaluation_interval(
            settings,
            loop.steps_an_epoch,
            sum(len(example.tokens) for example in prepared.train),
            sum(len(example.tokens) for example in prepared.validation),
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
            self.window_seconds += self.clock() - started
            self.window_loss += figures.loss_sum
            self.window_supervised += figures.supervised
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
            return
        if self.prepared.validation:
            self.base_loss, _ = self.loop.evaluate()
        self.events.on_metrics(self._row(None, self.base_loss, 0.0, None, None))

    def _evaluate(self) -> float:
        loss, by_example = self.loop.evaluate()
        if self.loop.stopping.record(self.loop.step, loss, by_example):
            self.loop.keep_best()
            save_adapter(self.loop.model, self.folder / "adapter", self.settings.base, self.loop.best)
        return loss

    def _save(self) -> None:
        tensors, figures = self.loop.state()
        figures |= {
            "fingerprint": self.prepared.fingerprint,
            "tokens": self.tokens,
            "seconds": self._seconds(),
            "base_loss": self.base_loss,
            "final_loss": self.final_loss,
        }
        write_checkpoint(self.folder / "checkpoints", self.loop.step, tensors, figures)

    def _tell(self, rate: float, norm: float, validation_loss: float | None) -> None:
        loop = self.loop
        loss = self.window_loss / self.window_supervised
        speed = self.window_tokens / max(self.window_seconds, 1e-9)
        self.final_loss = loss
        self.events.on_metrics(self._row(loss, validation_loss, rate, speed, norm))
        left = self._seconds() / loop.step * (loop.steps - loop.step)
        self.events.on_progress(
            PREPARING + (1 - PREPARING) * loop.step / loop.steps,
            f"Step {loop.step:,} of {loop.steps:,}, loss {loss:.3f}, {speed:,.0f} tokens a second, "
            f"about {left:,.0f} s left",
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
        }

    def _finish(self, state: Literal["finished", "stopped early", "cancelled"]) -> TrainResult:
        loop = self.loop
        digest = save_adapter(loop.model, self.folder / "adapter", self.settings.base, loop.best or None)
        evaluated = bool(loop.best)
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
            base=self.settings.base,
            base_sha256=base_fingerprint(self.settings.base),
            template_sha256=hashlib.sha256(str(self.prepared.tokenizer.chat_template).encode()).hexdigest(),
            settings=self.settings.model_dump(mode="json"),
            versions={name: version(name) for name in ("torch", "transformers", "peft", "tokenizers")}
            | {"python": platform.python_version()},
            hardware={
                "device": self.prepared.device,
                "machine": platform.machine(),
                "threads": self.settings.threads,
                "bf16": self.prepared.bf16,
            },
        )
        fresh = self.folder / "result.json.new"
        fresh.write_text(json.dumps(asdict(result), indent=2) + "\n", "utf-8")
        os.replace(fresh, self.folder / "result.json")
        return result

    def _seconds(self) -> float:
        return self.earlier + self.clock() - self.began

    def _forget_window(self) -> None:
        self.window_loss = self.window_seconds = 0.0
        self.window_supervised = self.window_tokens = 0
