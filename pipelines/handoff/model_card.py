"""The model card of a hand-off: base, data version, settings, metrics; Markdown with the hub's front matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.exports.trainer_files import yaml_text


@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Attributes:
        run: the run's name.
        base: name of the base model.
        base_sha256: fingerprint of the base's files, '' where it is known by its name.
        version: of the data set.
        data: curated or raw.
        examples: training examples.
        settings: of the run.
        result: of the run.
        metrics: rows of variant, metric, value, low, high, n; of one evaluation.
        split: on which the metrics were computed.
        looks: evaluations that have used this test split.
    """

    run: str
    base: str
    base_sha256: str
    version: str
    data: str
    examples: int
    settings: Mapping[str, Any]
    result: Mapping[str, Any]
    metrics: Sequence[Mapping[str, Any]]
    split: str
    looks: int


def model_card(facts: CardFacts, kind: str) -> str:
    """Return a card.

    Args:
        facts: of the run.
        kind: adapter, merged, gguf, … for the front matter.
    """
    library = {"adapter": "peft", "merged": "transformers"}.get(kind, kind)
    relation = {"adapter": "adapter", "merged": "merge"}.get(kind, "quantized")
    front = {
        "base_model": facts.base,
        "base_model_relation": relation,
        "library_name": library,
        "pipeline_tag": "text-generation",
        "tags": ["lora", "fine-tuned", *(["dpo"] if facts.settings.get("method") == "dpo" else [])],
    }
    if kind not in ("adapter", "merged"):
        del front["library_name"]
    lines = ["---", yaml_text(front) + "---", "", f"# {facts.run}", ""]
    lines += [what_it_is(facts)]
    if facts.base_sha256:
        lines += ["", f"Fingerprint of the base's files (SHA-256): `{facts.base_sha256}`"]
    lines += ["", "## Data", "", f"Data set version `{facts.version}`.", "", "## Training", ""]
    lines += ["| setting | value |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in facts.settings.items() if name not in ("base", "reason")]
    for name in ("state", "steps", "best_validation_loss", "base_validation_loss", "preference_accuracy"):
        if facts.result.get(name) is not None:
            lines.append(f"| {name.replace('_', ' ')} | {_shown(facts.result[name])} |")
    lines += ["", "## Metrics", ""]
    if facts.metrics:
        lines += [f"On the {facts.split} split, with 95 % intervals.", ""]
        if facts.split != "validation":
            lines += [f"Looks at this test split so far: {facts.looks}.", ""]
        lines += ["| metric | variant | value | low | high | examples |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [
            "| "
            + " | ".join(_shown(row.get(name)) for name in ("metric", "variant", "value", "low", "high", "n"))
            + " |"
            for row in facts.metrics
        ]
    else:
        lines.append("This run was not compared with its base model yet.")
    lines += ["", "The licence is the base model's; the data's licences stand in the data card.", ""]
    return "\n".join(lines)


def what_it_is(facts: CardFacts) -> str:
    """Say in one sentence what was trained on what."""
    if facts.settings.get("method") != "dpo":
        return f"A LoRA adapter on `{facts.base}`, trained on {facts.examples:,} examples ({facts.data} data)."
    start = facts.settings.get("starts_from")
    going_on = f", going on from the adapter of {start}" if start else ""
    return (
        f"A LoRA adapter on `{facts.base}`, trained by direct preference optimisation (DPO) on {facts.examples:,}"
        f" preference pairs ({facts.data} data){going_on}."
    )


def _shown(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
