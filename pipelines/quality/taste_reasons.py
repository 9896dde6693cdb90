"""Why the taste model says so: what weighs most for and against an example, and the decided examples nearest to it.

What a feature weighs is its weight times its value, less what it weighs on average: nothing speaks for or against an
example by what all examples have. Wording and meaning are each told as one, for prompt and answer apart.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.quality.taste import Taste
from pipelines.quality.taste_features import BUCKETS, MEANING_SCALE, TEXTS, TasteFeatures

NEAREST = pl.Schema({"example_id": pl.String, "near_id": pl.String, "similarity": pl.Float64, "kept": pl.Boolean})
# What weighs less than this many log odds is no reason.
FAINTEST = 0.05
TOLD = 2


def taste_reasons(taste: Taste, features: TasteFeatures, rows: NDArray[np.int64] | None = None) -> list[str]:
    """Say for each example what weighs most against it and for it.

    Args:
        taste: with a model; one without gives empty texts.
        features: that it was learned on.
        rows: which examples; all where it is not given.

    Returns:
        Such as "against: finding: refusal, wording of the answer; for: length of the prompt (high)", one a row.
    """
    rows = np.arange(len(features.example_ids)) if rows is None else rows
    if taste.model is None:
        return [""] * len(rows)
    names, weights, values = _contributions(taste, features)
    count = min(TOLD, len(names))
    chosen, shown = weights[rows], values[rows]
    lowest, highest = np.argsort(chosen, axis=1)[:, :count], np.argsort(-chosen, axis=1)[:, :count]
    texts = []
    for weight, value, low, high in zip(chosen, shown, lowest.tolist(), highest.tolist(), strict=True):
        against = [_named(names[place], value[place]) for place in low if weight[place] < -FAINTEST]
        speaks = [_named(names[place], value[place]) for place in high if weight[place] > FAINTEST]
        parts = [("against: ", against), ("for: ", speaks)]
        texts.append("; ".join(word + ", ".join(found) for word, found in parts if found))
    return texts


def nearest_decided(taste: Taste, features: TasteFeatures, rows: NDArray[np.int64], count: int = 2) -> pl.DataFrame:
    """Return the decided examples nearest to each of some others, by the vectors of prompt and answer.

    Args:
        taste: whose decisions.
        features: of all examples.
        rows: the examples that are asked about.
        count: neighbours of each, itself aside.

    Returns:
        Columns of `NEAREST`, nearest first; similarity is the mean cosine of prompt and answer, -1 to 1. No rows
        without vectors or decisions.
    """
    width = features.meaning.shape[1]
    if not width or not len(taste.decided) or not len(rows):
        return NEAREST.to_frame()
    cosines = features.meaning[rows] @ features.meaning[taste.decided].T
    cosines /= np.maximum((features.meaning[rows] ** 2).sum(axis=1, keepdims=True), 1e-9)
    cosines[rows[:, None] == taste.decided[None, :]] = -2.0
    found = []
    for place, row in enumerate(rows.tolist()):
        for near in np.argsort(-cosines[place], kind="stable")[:count].tolist():
            if cosines[place, near] > -2.0:
                other = features.example_ids[int(taste.decided[near])]
                found.append((features.example_ids[row], other, float(cosines[place, near]), bool(taste.kept[near])))
    return pl.DataFrame(found, schema=NEAREST, orient="row")


def _contributions(taste: Taste, features: TasteFeatures) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    """Return names, (n, k) what each weighs, and (n, k) its value, 0 where a value says nothing to a person."""
    assert taste.model is not None
    named, wording, meaning = taste.model.weights
    names, columns = list(features.names), [features.named * named.astype(np.float32)]
    width = features.meaning.shape[1] // 2
    for place, what in enumerate(TEXTS.values()):
        buckets = slice(place * BUCKETS, (place + 1) * BUCKETS)
        columns.append((features.wording[:, buckets] @ wording[buckets].astype(np.float32))[:, None])
        names.append(f"wording of the {what}")
        half = slice(place * width, (place + 1) * width)
        if width and half.stop <= features.meaning.shape[1]:
            weights = meaning[half].astype(np.float32) * np.float32(MEANING_SCALE)
            columns.append((features.meaning[:, half] @ weights)[:, None])
            names.append(f"what the {what} is about")
    weights_of = np.concatenate(columns, axis=1)
    values = np.zeros_like(weights_of)
    values[:, : len(features.names)] = features.named
    return names, weights_of - weights_of.mean(axis=0), values


def _named(name: str, value: float) -> str:
    if name.startswith("finding: ") and value > 0:
        return f"no {name}"
    return name if name.startswith("finding: ") or not value else f"{name} ({'high' if value > 0 else 'low'})"
