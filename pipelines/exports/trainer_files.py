"""Files that let another trainer make the run that this project would make: configuration, requirements, `run.sh`.

The configuration carries the project's training settings in the tool's own words. `run.sh` needs a machine with a
shell, Python and the folder: it makes a virtual environment, installs what is named and starts the tool. A base model
that is a folder is expected as `base_model` inside; one with a name is fetched by the tool.
"""

import json
import math
from collections.abc import Mapping, Sequence

from pipelines.exports.registry import Handed
from pipelines.training.base_name import base_folder
from pipelines.training.settings import TrainSettings

BASE_FOLDER = "base_model"
# Examples that a tool puts on the device at once; the rest of a batch is accumulated.
MICRO_BATCH = 4


def portable_base(base: str) -> str:
    """Return what a configuration names as base model: a hub name itself, for a folder `./base_model`."""
    return base if base_folder(base) is None else f"./{BASE_FOLDER}"


def micro_batches(settings: TrainSettings) -> tuple[int, int]:
    """Return examples at once and accumulated parts; their product is the batch size."""
    at_once = max(n for n in range(1, MICRO_BATCH + 1) if settings.batch_size % n == 0)
    return at_once, settings.batch_size // at_once


def planned_steps(handed: Handed) -> int:
    """Return how many steps the run has: passes over the rows in batches, at least one."""
    return max(1, math.ceil(handed.settings.epochs * handed.rows["train"] / handed.settings.batch_size))


def adapter_scale(settings: TrainSettings) -> float:
    """Return what an adapter's product is multiplied by: alpha / rank, with rsLoRA alpha / sqrt(rank)."""
    return settings.alpha / (math.sqrt(settings.rank) if settings.rslora else settings.rank)


def scheduler(settings: TrainSettings) -> str:
    """Return the schedule in transformers' words; stable-decay becomes its warmup-stable-decay."""
    return {"stable-decay": "warmup_stable_decay"}.get(settings.schedule, settings.schedule)


def target_list(settings: TrainSettings) -> list[str] | str:
    """Return the layers that get an adapter, or `all-linear`."""
    if settings.targets == "all-linear":
        return settings.targets
    return [name.strip() for name in settings.targets.split(",")]


def run_script(tool: str, requirements: Sequence[str], commands: Sequence[str], base: str) -> dict[str, str]:
    """Return `run.sh` and `requirements.txt`.

    Args:
        tool: its name, for the comment.
        requirements: pip requirements.
        commands: what to run in the folder, once all is installed.
        base: as in the configuration.
    """
    lines = [
        "#!/bin/sh",
        f"# Trains with {tool} on this folder's data. Any machine with Python 3.10 or later will do:",
        "#   copy the folder there, then: sh run.sh",
        "set -eu",
        'cd "$(dirname "$0")"',
    ]
    if base.startswith("./"):
        lines += [
            f"if [ ! -f {base}/config.json ]; then",
            f'  echo "Copy the base model\'s folder to {base} first (config, safetensors, tokenizer)." >&2',
            "  exit 1",
            "fi",
        ]
    lines += [
        'if [ -z "${SKIP_INSTALL:-}" ]; then',
        "  python3 -m venv .venv",
        "  . .venv/bin/activate",
        "  pip install -r requirements.txt",
        "fi",
        *commands,
    ]
    return {"run.sh": "\n".join(lines) + "\n", "requirements.txt": "\n".join(requirements) + "\n"}


def yaml_text(values: Mapping[str, object], comment: str = "") -> str:
    """Write nested settings as YAML that 1.1 and 1.2 readers take the same: texts quoted, floats with a point."""
    head = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*head, *_lines(values, 0)]) + "\n"


def _lines(values: Mapping[str, object], depth: int) -> list[str]:
    lines = []
    pad = "  " * depth
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{pad}{key}:", *_lines(value, depth + 1)]
        elif isinstance(value, list) and value:
            lines.append(f"{pad}{key}:")
            for item in value:
                if isinstance(item, Mapping):
                    first, *rest = _lines(item, depth + 2)
                    lines += [f"{pad}  - {first.strip()}", *rest]
                else:
                    lines.append(f"{pad}  - {_scalar(item)}")
        else:
            lines.append(f"{pad}{key}: {_scalar(value)}")
    return lines


def _scalar(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    if isinstance(value, float) and "e" in text and "." not in text:
        return text.replace("e", ".0e")
    return text
