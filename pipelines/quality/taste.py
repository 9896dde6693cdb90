"""The reviewer's taste: learned from what was kept and dropped, a forecast for the rest. It never drops by itself.

    decided examples -> L2 logistic regression over rules, form, wording and meaning -> the chance that the rest is kept

One model for each reviewer with enough decisions, and one for all of them together (an example that reviewers differ on
counts as the most of them said; a tie is left out). How good a model is, is told by cross-validation alone: each
decision is predicted by a model that did not see it. While its interval reaches 0.5 it is no better than chance, and
its scores say so.

Rates are told of decisions that were drawn at random wherever there are enough: decisions about likely problems teach
the model, but would make the reported rates too dark. The penalty is chosen by the same cross-validation from 200
decisions on; probabilities are corrected by a sigmoid on left-out predictions from 1,000 on, before that only shifted
to the random decisions' rate where others were used too (both fitted on the other folds).

Source: METHODS 1.3 (unweighted, its penalties); Platt 1999.
Measured: `python -m tests.benchmarks.taste_figures`.
Not covered: whether an answer is true, which neither form nor vectors show; edits are not learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from pipelines.errors import CurationError
from pipelines.quality.calibration import (
    RELIABILITY,
    auc_interval,
    calibration_error,
    reliability_table,
    share_interval,
)
from pipelines.quality.logistic import Block, Logistic, fit_logistic
from pipelines.quality.taste_features import MEANING_SCALE, TasteFeatures

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

DECISIONS = pl.Schema({"example_id": pl.String, "reviewer": pl.String, "kept": pl.Boolean, "random": pl.Boolean})
EVERYBODY = ""
STRENGTHS = (0.0025, 0.01, 0.04)
STRENGTH = 0.01
TUNED_FROM, SIGMOID_FROM, FEWEST_OF_A_KIND = 200, 1_000, 5

TOO_FEW, ONE_SIDED, CHANCE, BETTER = "too few decisions", "one-sided", "not better than chance", "better than chance"


class TasteSettings(BaseModel, frozen=True, extra="forbid"):
    """Settings of `learn_taste`."""

    fewest_decisions: int = Field(50, ge=20, description="Keep and drop decisions before anything is learned.")
    folds: int = Field(5, ge=2, le=20, description="Folds of the cross-validation that tells how good the model is.")
    seed: int = Field(0, ge=0, description="Seed of the folds.")


@dataclass(frozen=True)
class Taste:
    """What was learned of one reviewer, or of all (`reviewer` is `EVERYBODY`).

    Attributes:
        reviewer: whose decisions.
        verdict: `TOO_FEW`, `ONE_SIDED`, `CHANCE` or `BETTER`; nothing below is told for the first two.
        decisions: number of examples decided, of them `dropped`, and `at_random` how many came from a random queue.
        auc: chance that a kept example is ranked above a dropped one, left-out predictions; with `low` and `high`.
        error: expected calibration error, 0 to 1.
        measured_at_random: whether these rates are of random decisions only; else all decisions had to serve.
        drop_rate: share of the random decisions that are drops, with its interval; None where there are none.
        reliability: columns of `RELIABILITY`.
        model: the model, None where nothing is learned; `correction` is slope and shift of its log odds.
        decided: rows of the features that were decided, and `kept` what was said of each.
    """

    reviewer: str
    verdict: str
    decisions: int
    dropped: int
    at_random: int
    auc: float | None
    low: float | None
    high: float | None
    error: float | None
    measured_at_random: bool
    drop_rate: tuple[float, float, float] | None
    reliability: pl.DataFrame
    model: Logistic | None
    correction: tuple[float, float]
    decided: NDArray[np.int64]
    kept: Truths


def learn_taste(
    features: TasteFeatures, decisions: pl.DataFrame, reviewer: str = EVERYBODY, settings: TasteSettings | None = None
) -> Taste:
    """Learn what a reviewer keeps.

    Args:
        features: of all examples (`taste_features`).
        decisions: columns of `DECISIONS`, one row an example and reviewer; `random` says that a random queue showed it.
        reviewer: whose; `EVERYBODY` pools all.
        settings: how many decisions it takes, folds and seed.

    Returns:
        The taste; with fewer decisions than it takes, or fewer than five of a kind, a verdict that says so.

    Raises:
        CurationError: a column is missing.
    """
    if missing := [name for name in DECISIONS if name not in decisions.columns]:
        raise CurationError(f"The decisions have no column '{missing[0]}'.", f"Give {', '.join(DECISIONS)}.")
    settings = settings or TasteSettings()
    rows, kept, random = _decided(features, decisions, reviewer)
    few = min(int(kept.sum()), int((~kept).sum()))
    at_random = int(random.sum())
    drops = int((~kept)[random].sum())
    rate = (drops / at_random, *share_interval(drops, at_random)) if at_random else None
    if len(rows) < settings.fewest_decisions or few < FEWEST_OF_A_KIND:
        verdict = TOO_FEW if len(rows) < settings.fewest_decisions else ONE_SIDED
        nothing = (None, None, None, None)
        return Taste(
            reviewer, verdict, len(rows), int((~kept).sum()), at_random, *nothing, False, rate,
            RELIABILITY.to_frame(), None, (1.0, 0.0), rows, kept,
        )  # fmt: skip
    blocks = _blocks(features, rows)
    folds = _folds(kept, settings)
    strength, left_out = _cross_validated(blocks, kept, folds)
    trusted = _measurable(kept, random)
    predicted = np.empty(len(rows))
    for fold in range(settings.folds):
        inside = folds == fold
        slope, shift = _correction(left_out[~inside], kept[~inside], trusted[~inside])
        predicted[inside] = _probability(slope * left_out[inside] + shift)
    auc, low, high = auc_interval(predicted[trusted], kept[trusted])
    table = reliability_table(predicted[trusted], kept[trusted])
    return Taste(
        reviewer=reviewer,
        verdict=BETTER if low > 0.5 else CHANCE,
        decisions=len(rows),
        dropped=int((~kept).sum()),
        at_random=at_random,
        auc=auc,
        low=low,
        high=high,
        error=calibration_error(table),
        measured_at_random=bool((trusted == random).all()) and at_random > 0,
        drop_rate=rate,
        reliability=table,
        model=fit_logistic(blocks, kept, strength),
        correction=_correction(left_out, kept, trusted),
        decided=rows,
        kept=kept,
    )


def taste_scores(taste: Taste, features: TasteFeatures) -> Floats:
    """Return (n,) the chance that each example is kept, 0 worst to 1 best; all NaN where nothing was learned."""
    if taste.model is None:
        return np.full(len(features.example_ids), np.nan)
    slope, shift = taste.correction
    return _probability(slope * taste.model.logits(_blocks(features)) + shift)


def _decided(
    features: TasteFeatures, decisions: pl.DataFrame, reviewer: str
) -> tuple[NDArray[np.int64], Truths, Truths]:
    """Return the decided rows, what was said, and whether a random queue asked; in row order."""
    chosen = decisions if reviewer == EVERYBODY else decisions.filter(pl.col("reviewer") == reviewer)
    said = (
        chosen.group_by("example_id")
        .agg(share=pl.col("kept").mean(), random=pl.col("random").any())
        .filter(pl.col("share") != 0.5)
    )
    numbered = pl.DataFrame({"example_id": features.example_ids}).with_row_index("row")
    found = numbered.join(said, on="example_id", how="inner").sort("row")
    return (
        found["row"].to_numpy().astype(np.int64),
        (found["share"] > 0.5).to_numpy().astype(bool),
        found["random"].to_numpy().astype(bool),
    )


def _blocks(features: TasteFeatures, rows: NDArray[np.int64] | None = None) -> list[Block]:
    named, wording, meaning = features.named, features.wording, features.meaning
    if rows is not None:
        named, wording, meaning = named[rows], wording[rows], meaning[rows]
        return [named, wording, meaning * np.float32(MEANING_SCALE)]
    return [named, wording, _Scaled(meaning)]


class _Scaled:
    """Scaled rows, multiplied without a copy of all of them."""

    def __init__(self, rows: NDArray[np.float32]) -> None:
        self._rows = rows
        self.shape = rows.shape

    def __matmul__(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        product: NDArray[np.float32] = self._rows @ (weights * np.float32(MEANING_SCALE))
        return product


def _folds(kept: Truths, settings: TasteSettings) -> NDArray[np.int64]:
    """Deal the rows of each kind to the folds in a random order."""
    folds = np.empty(len(kept), dtype=np.int64)
    random = np.random.default_rng(settings.seed)
    for kind in (True, False):
        rows = np.flatnonzero(kept == kind)
        folds[random.permutation(rows)] = np.arange(len(rows)) % settings.folds
    return folds


def _cross_validated(blocks: Sequence[Block], kept: Truths, folds: NDArray[np.int64]) -> tuple[float, Floats]:
    """Return the penalty that predicts left-out decisions best (by likelihood), and their log odds."""
    strengths = STRENGTHS if len(kept) >= TUNED_FROM else (STRENGTH,)
    left_out = np.empty((len(strengths), len(kept)))
    for fold in np.unique(folds).tolist():
        inside = folds == fold
        training = [block[~inside] for block in blocks]
        held = [block[inside] for block in blocks]
        start = None
        for place, strength in enumerate(strengths):
            model = fit_logistic(training, kept[~inside], strength, start)
            start = model.packed
            left_out[place, inside] = model.logits(held)
    losses = np.logaddexp(0.0, -np.where(kept, 1.0, -1.0) * left_out).mean(axis=1)
    best = int(losses.argmin())
    return strengths[best], left_out[best]


def _measurable(kept: Truths, random: Truths) -> Truths:
    """Return the rows whose rates are told: the random ones where there are enough of both kinds, else all."""
    inside = kept[random]
    enough = len(inside) >= 50 and min(inside.sum(), (~inside).sum()) >= FEWEST_OF_A_KIND
    return random if enough else np.ones(len(kept), dtype=bool)


def _correction(logits: Floats, kept: Truths, trusted: Truths) -> tuple[float, float]:
    """Return slope and shift that make left-out log odds of the trusted rows right on the whole."""
    count = int(trusted.sum())
    if count < SIGMOID_FROM and count == len(kept):
        return 1.0, 0.0
    column = logits[trusted][:, None].astype(np.float32)
    if count >= SIGMOID_FROM:
        fitted = fit_logistic([column], kept[trusted], 1e3)
        return float(fitted.weights[0][0]), fitted.intercept
    return 1.0, _shift(logits[trusted], float(kept[trusted].mean()))


def _shift(logits: Floats, share: float) -> float:
    """Return what must be added to log odds so that the mean probability is `share`, by halving."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _probability(logits + middle).mean() < share else (low, middle)
    return (low + high) / 2


def _probability(logits: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)), dtype=np.float64)
