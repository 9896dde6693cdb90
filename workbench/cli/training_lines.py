"""An estimate, a comparison of two runs, a sweep, as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.amounts import GIB, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.training.estimate import Estimate
    from workbench.run_comparison import RunComparison
    from workbench.run_view import RunView


def estimate_lines(found: Estimate) -> list[str]:
    """Say memory, time and cost, here and on each GPU by method."""
    seconds = "" if found.here_seconds is None else f", about {duration(found.here_seconds)} (measured)"
    return [
        f"here: {found.here_needed / GIB:.1f} GiB of {found.here_available / GIB:.1f} GiB free{seconds};"
        f" {found.trainable:,} trained of {found.shape.parameters:,} parameters, {found.tokens:,} tokens a pass,"
        f" largest batch {found.batch.tokens:,} tokens",
        *(f"memory is short: {text}" for text in found.advice),
        f"rented, at prices of {found.prices_dated} (gpu_prices.json in the project; edit it):",
        *(
            f"  {row.gpu:<11} {row.method:<6} {row.memory / GIB:7.1f} GiB  {duration(row.seconds):>9}"
            f"  {found.currency}{row.cost:.2f}{'' if row.fits else '  does not fit'}"
            for row in found.gpus
        ),
    ]


def comparison_lines(found: RunComparison) -> list[str]:
    """Say what differs between two runs."""
    parts = {"setting": found.settings, "record": found.record, "result": found.results}
    return [
        f"{found.old} -> {found.new}",
        *(f"{part}: {name}: {old} -> {new}" for part, names in parts.items() for name, (old, new) in names.items()),
        f"data: {len(found.added):,} examples added, {len(found.removed):,} removed, {len(found.edited):,} edited",
    ]


def preference_lines(run: RunView) -> list[str]:
    """Say how a preference run judges the validation pairs; nothing for other runs."""
    told = run.result or {}
    accuracy, margin = told.get("preference_accuracy"), told.get("reward_margin")
    if accuracy is None or margin is None:
        return []
    low, high = told.get("preference_low"), told.get("preference_high")
    interval = "" if low is None or high is None else f" (95 %: {low:.0%} to {high:.0%})"
    return [
        f"prefers the chosen answer in {accuracy:.0%}{interval} of the validation pairs, reward margin {margin:.3f}"
    ]


def sweep_lines(runs: Sequence[RunView], names: Sequence[str]) -> list[str]:
    """Say the best validation loss of each run of a sweep, lowest first."""
    ranked = sorted(runs, key=lambda run: float("inf") if run.best_loss is None else run.best_loss)
    lines = []
    for run in ranked:
        values = "  ".join(f"{name}={run.settings[name]}" for name in names)
        loss = "no validation loss" if run.best_loss is None else f"best validation loss {run.best_loss:.4f}"
        lines.append(f"{run.run_id}  {values}  {loss}  ({run.state})")
    return lines
