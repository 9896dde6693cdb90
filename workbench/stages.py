"""The stages of curation: what each reads from the project, which function it calls, which tables it fills."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, part_of
from workbench.stage_inputs import Inputs
from workbench.store.store import Store
from workbench.vectors import FAST, chosen_encoder

if TYPE_CHECKING:
    from pydantic import BaseModel

# What runs where no stage is named; the others ask a model about each example, and run where they are named.
DEFAULT_STAGES = ("embeddings", "duplicates", "coverage", "personal-data", "conflicts", "quality", "contamination")
STAGES = (*DEFAULT_STAGES, "difficulty")

# What a stage reads of the results before it: when those change, it runs again.
_BUILDS_ON = {
    "embeddings": (),
    "duplicates": ("embeddings",),
    "coverage": ("embeddings",),
    "personal-data": (),
    "conflicts": ("embeddings",),
    "quality": ("embeddings", "duplicates", "personal-data", "conflicts"),
    "contamination": ("embeddings",),
    "difficulty": (),
}

# Raised when a stage's code changes what it would answer, so that old results are computed again.
_STAGE_VERSION = 6


@dataclass(frozen=True)
class Outcome:
    """What a stage found: its tables, and the figures worth telling."""

    tables: Mapping[str, pl.DataFrame]
    figures: dict[str, object]


def stage_settings(chosen: Mapping[str, object]) -> dict[str, BaseModel]:
    """Build each stage's settings from `stage.key` values; what is not given stays at its default.

    Raises:
        CurationError: an unknown stage or key, or a value out of its bounds.
    """
    from workbench.settings import checked_settings

    values: dict[str, dict[str, object]] = {stage: {} for stage in STAGES}
    for name, value in chosen.items():
        stage, dot, key = name.partition(".")
        if not dot or stage not in values:
            raise CurationError(
                f"'{name}' is no setting of a stage.", f"Write stage.key=value with a stage of: {', '.join(STAGES)}."
            )
        values[stage][key] = value
    return {stage: checked_settings(_settings_model(stage), values[stage], stage) for stage in STAGES}


def _settings_model(stage: str) -> type[BaseModel]:
    from pipelines.coverage.settings import CoverageSettings
    from pipelines.duplicates.settings import DuplicateSettings
    from pipelines.embedding.settings import EmbeddingSettings
    from pipelines.quality.difficulty import DifficultySettings
    from pipelines.quality.settings import ConflictSettings, PersonalDataSettings, QualitySettings
    from pipelines.splitting.contamination import ContaminationSettings

    models: dict[str, type[BaseModel]] = {
        "embeddings": EmbeddingSettings,
        "duplicates": DuplicateSettings,
        "coverage": CoverageSettings,
        "personal-data": PersonalDataSettings,
        "conflicts": ConflictSettings,
        "quality": QualitySettings,
        "contamination": ContaminationSettings,
        "difficulty": DifficultySettings,
    }
    return models[stage]


def fingerprint_of(stage: str, settings: BaseModel, inputs: Inputs, store: Store) -> str:
    """Hash what a stage's answer depends on."""
    before = [store.analysis.stage(name) for name in _BUILDS_ON[stage]]
    parts = [_STAGE_VERSION, stage, settings.model_dump_json(), inputs.fingerprint(stage)]
    parts += [None if record is None else record.fingerprint for record in before]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def run_stage(stage: str, settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    """Run one stage."""
    return _RUNNERS[stage](settings, inputs, store, progress)


def _embeddings(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    shares = {"prompt": (0.0, 0.5), "completion": (0.5, 0.8), "production": (0.8, 1.0)}
    figures: dict[str, object] = {}
    for text, (start, end) in shares.items():
        vectors = inputs.vectors(text, settings.encoder, part_of(progress, start, end))
        figures[text] = int(vectors.shape[0])
    figures["encoder"] = settings.encoder
    return Outcome({}, figures)


def _duplicates(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    from pipelines.duplicates.find import find_duplicates

    told = part_of(progress, 0.0, 0.5)
    encoder = chosen_encoder(store)
    one_side = settings.side in ("prompt", "completion")
    vectors = inputs.vectors(settings.side, encoder, told) if one_side else inputs.pair_vectors(encoder, told)
    judge = inputs.judge(settings.side) if encoder == FAST else None
    told = part_of(progress, 0.5, 1.0)
    found = find_duplicates(inputs.examples, settings, vectors=vectors, judge=judge, rank=inputs.ranks, progress=told)
    members = found.duplicates.filter(pl.col("example_id") != pl.col("representative_id"))
    figures: dict[str, object] = {
        "groups": found.duplicates["group_id"].n_unique(),
        **{
            f"{kind}_duplicates": members.filter(pl.col("kind") == kind)["example_id"].n_unique()
            for kind in ("exact", "near", "semantic")
        },
        "pairs": found.pairs.height,
        "alike_not_same": int(found.pairs["guarded"].sum()),
    }
    return Outcome({"duplicates": found.duplicates, "duplicate_pairs": found.pairs}, figures)


def _coverage(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    import numpy as np

    from pipelines.coverage.cover import map_coverage

    encoder = chosen_encoder(store)
    vectors = np.concatenate(
        [
            inputs.vectors("prompt", encoder, part_of(progress, 0.0, 0.3)),
            inputs.vectors("production", encoder, part_of(progress, 0.3, 0.4)),
        ]
    )
    pooled = pl.concat(
        [
            inputs.examples.with_columns(role=pl.lit("train")),
            inputs.production.with_columns(role=pl.lit("production")),
        ]
    )
    counted = pooled.join(inputs.production_counts, on="example_id", how="left", maintain_order="left")
    weights = counted.select(
        pl.when(pl.col("role") == "production").then(pl.col("occurrences").fill_null(1)).otherwise(1)
    ).to_series()
    found = map_coverage(
        pooled, vectors, settings, weights=weights.to_numpy().astype(np.float64), progress=part_of(progress, 0.4, 1.0)
    )
    figures: dict[str, object] = {
        "topics": found.clusters["topic_id"].n_unique(),
        "clusters": found.clusters["cluster_id"].n_unique(),
        "gaps": found.gaps.height,
        "collect": int(found.gaps["collect"].sum()),
        "coverage": found.coverage,
    }
    return Outcome({"clusters": found.clusters, "gaps": found.gaps}, figures)


def _personal_data(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    from pipelines.quality.personal_data import find_personal_data

    found = find_personal_data(inputs.examples, settings, progress=progress).personal_data
    figures: dict[str, object] = {"spans": found.height, "examples": found["example_id"].n_unique()}
    return Outcome({"personal_data": found}, figures)


def _conflicts(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    from pipelines.quality.conflicts import find_conflicts

    vectors = inputs.vectors("prompt", chosen_encoder(store), part_of(progress, 0.0, 0.3))
    found = find_conflicts(inputs.examples, settings, prompt_vectors=vectors, progress=part_of(progress, 0.3, 1.0))
    kinds = found.conflicts.group_by("kind").agg(pl.col("group_id").n_unique()).sort("kind")
    return Outcome({"conflicts": found.conflicts}, {str(kind): int(n) for kind, n in kinds.rows()})


def _quality(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    from pipelines.quality.score import score_examples
    from pipelines.quality.suggest import suggest

    encoder = chosen_encoder(store)
    scores = score_examples(
        inputs.examples,
        settings,
        vectors=inputs.vectors("prompt", encoder, part_of(progress, 0.0, 0.1)),
        completion_vectors=inputs.vectors("completion", encoder, part_of(progress, 0.1, 0.2)),
        progress=part_of(progress, 0.2, 0.9),
    ).scores
    quality = suggest(
        inputs.examples,
        scores=scores,
        duplicates=store.analysis.duplicates(),
        conflicts=store.analysis.conflicts(),
        personal_data=store.analysis.personal_data(),
        settings=settings,
    )
    counts = quality.group_by("suggestion").len().sort("suggestion")
    figures: dict[str, object] = {str(name): int(n) for name, n in counts.rows()}
    return Outcome({"scores": scores, "quality": quality}, figures)


def _contamination(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    from pipelines.splitting.contamination import find_contamination

    vectors = held_out = None
    if inputs.held_out.height:
        encoder = chosen_encoder(store)
        vectors = inputs.vectors("prompt", encoder, part_of(progress, 0.0, 0.3))
        held_out = inputs.vectors("held_out", encoder, part_of(progress, 0.3, 0.5))
    found = find_contamination(
        inputs.examples,
        inputs.held_out,
        settings,
        vectors=vectors,
        held_out_vectors=held_out,
        progress=part_of(progress, 0.5, 1.0),
    )
    sure = found.contamination.filter(pl.col("verdict") == "contaminated")["example_id"]
    figures: dict[str, object] = {
        "held_out": inputs.held_out.height,
        "contaminated": sure.n_unique(),
        "review": found.contamination.filter(~pl.col("example_id").is_in(sure.implode()))["example_id"].n_unique(),
        "pairs_checked": found.checked,
        "threshold": found.threshold,
        "review_threshold": found.review_threshold,
    }
    return Outcome({"contamination": found.contamination}, figures)


def _difficulty(settings: Any, inputs: Inputs, store: Store, progress: Progress) -> Outcome:
    from pipelines.quality.difficulty import measure_difficulty

    found = measure_difficulty(inputs.examples, settings, progress=progress)
    ratios = found.difficulty["ifd"]
    figures: dict[str, object] = {
        "sampled": found.sampled,
        "without": found.without,
        "median_ifd": ratios.median(),
        "prompt_does_not_help": int((ratios >= 1.0).sum()),
        "median_perplexity": found.difficulty["perplexity"].median(),
        "base": settings.base,
    }
    return Outcome({"difficulty": found.difficulty}, figures)


_RUNNERS: dict[str, Callable[[Any, Inputs, Store, Progress], Outcome]] = {
    "embeddings": _embeddings,
    "duplicates": _duplicates,
    "coverage": _coverage,
    "personal-data": _personal_data,
    "conflicts": _conflicts,
    "quality": _quality,
    "contamination": _contamination,
    "difficulty": _difficulty,
}
