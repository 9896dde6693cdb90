"""A run's settings and figures in an offline run of Weights & Biases.

`FOLDER/wandb/offline-run-…` is what `wandb sync` can send one day, if somebody wants that; here nothing is sent, and
neither error reports, machine, user, console, code nor the list of packages are collected. The project is the project,
the run is called as it is here. A resumed run is a further folder of the same run.

Source: wandb 0.31, `wandb.Settings` and its documentation "Environment variables".
Not covered: artifacts, tables, online runs.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# Read when wandb is loaded, and handed on to the process that it starts.
_QUIET = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", "DO_NOT_TRACK": "true"}


class WandbLog:
    """One offline run."""

    def __init__(
        self, place: Path, run_folder: Path, settings: Mapping[str, Any], remembered: Path, clock: Callable[[], float]
    ) -> None:
        os.environ |= _QUIET
        import wandb

        place.mkdir(parents=True, exist_ok=True)
        name = remembered.read_text("utf-8").strip() if remembered.is_file() else secrets.token_hex(4)
        plain = {key: value if isinstance(value, int | float) else str(value) for key, value in settings.items()}
        self._run: Any = wandb.init(
            project=run_folder.parent.parent.name,
            name=run_folder.name,
            id=name,
            dir=str(place),
            config=plain,
            settings=wandb.Settings(
                mode="offline",
                silent=True,
                console="off",
                host="localhost",
                save_code=False,
                disable_git=True,
                disable_job_creation=True,
                x_disable_meta=True,
                x_disable_stats=True,
                x_disable_machine_info=True,
                x_save_requirements=False,
            ),
        )
        remembered.write_text(name + "\n", "utf-8")

    def write(self, figures: Mapping[str, float], step: int) -> None:
        """Add figures of a step."""
        self._run.log(dict(figures), step=step)

    def end(self, result: Mapping[str, float], tags: Mapping[str, str], step: int, *, cancelled: bool) -> None:
        """Add what came of the run, and end it."""
        self._run.summary.update({**result, **tags, "state": "cancelled" if cancelled else "finished"})
        self._run.finish()
