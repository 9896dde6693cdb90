"""An estimate of a run as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.training.estimate import Estimate

GIB = 1 << 30


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


def duration(seconds: float) -> str:
    """Write seconds as a person would: 45 s, 12 min, 3.4 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
