"""Why a variant may fail on an example, read from the training examples most similar to it.

    gap                    no training example is near
    inconsistency          near ones contradict each other: some agree with the wrong output, some with the reference,
                           or they stand in a known conflict
    bad data               near ones agree with the wrong output, none with the reference
    capacity or training   near ones agree with the reference, or with neither

Similarity is the mean of the cosine of the prompts' embeddings and of the share of the failing prompt's rare words that
the other one has (`shared_words`): embeddings alone miss the one name or code that both are about. Measured: a planted
wrong example is among the five nearest three times as often (`tests/benchmarks/triage_figures.py`). "Near" calibrates
itself: nearer than all but the loneliest 5 % of training examples are to their own nearest neighbour.
A training answer agrees with whichever of output and reference it shares more of what only that one says. The training
examples shown are *similar*; nothing here says that they caused the failure.

Not covered: influence functions, retraining without an example.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, Field

from pipelines.errors import CurationError
from pipelines.evaluation.shared_words import SharedWords
from pipelines.evaluation.words import words_of
from pipelines.examples import check_columns

FAILED = pl.Schema({"example_id": pl.String, "prompt": pl.String, "reference": pl.String, "output": pl.String})
TRAINED = pl.Schema({"example_id": pl.String, "prompt": pl.String, "completion": pl.String})
TRIAGE = pl.Schema({"example_id": pl.String, "cause": pl.String, "similarity": pl.Float64, "sentence": pl.String})
EVIDENCE = pl.Schema(
    {
        "example_id": pl.String,
        "rank": pl.Int64,
        "neighbour_id": pl.String,
        "similarity": pl.Float64,
        "near": pl.Boolean,
        "agrees_with": pl.String,
    }
)
GAP, INCONSISTENCY, BAD_DATA, CAPACITY = "gap", "inconsistency", "bad data", "capacity or training"
CAUSES = (GAP, INCONSISTENCY, BAD_DATA, CAPACITY)
_ROWS_AT_ONCE = 512
Vectors = npt.NDArray[np.float32]


class TriageSettings(BaseModel, frozen=True, extra="forbid"):
    """What counts as near, and as agreeing."""

    neighbours: int = Field(5, ge=1, le=50, description="Training examples that are looked at for each failure.")
    lonely: float = Field(
        0.05, gt=0, lt=0.5, description="Share of training examples whose nearest neighbour does not count as near."
    )
    agreement: float = Field(
        0.25, ge=0, lt=1, description="How much more an answer must share with the output than with the reference."
    )
    sample: int = Field(2000, ge=10, description="Training examples on which nearness is calibrated.")


@dataclass(frozen=True)
class Triage:
    """`triage` (`TRIAGE`), one row a failure; `evidence` (`EVIDENCE`), the similar training examples by rank.

    `near` is the similarity from which on a training example counts as near; None where there is none to calibrate on.
    """

    triage: pl.DataFrame
    evidence: pl.DataFrame
    near: float | None
    settings: TriageSettings


def triage_failures(
    failed: pl.DataFrame,
    train: pl.DataFrame,
    *,
    failed_vectors: Vectors,
    train_vectors: Vectors,
    conflicting: Collection[str] = (),
    settings: TriageSettings | None = None,
) -> Triage:
    """Sort failures by what the training examples near them look like.

    Args:
        failed: `FAILED`, one row a failing example.
        train: `TRAINED`; what the variant was trained on.
        failed_vectors: (n, d) float32 unit rows of the failing prompts.
        train_vectors: (m, d) float32 unit rows of the training prompts.
        conflicting: ids of training examples that stand in a known conflict.
        settings: neighbours, nearness, agreement.

    Returns:
        Rows in the order of `failed`. No failures give empty frames; without training examples all are gaps.

    Raises:
        CurationError: frames and vectors of different lengths.
    """
    settings = settings or TriageSettings()
    check_columns(failed, FAILED, "failed examples")
    check_columns(train, TRAINED, "training examples")
    for frame, vectors, name in ((failed, failed_vectors, "failed"), (train, train_vectors, "training")):
        if frame.height != len(vectors):
            raise CurationError(f"{frame.height} {name} examples have {len(vectors)} vectors.", "Embed them again.")
    words = SharedWords(train["prompt"].to_list())
    near = _near(train["prompt"].to_list(), train_vectors, words, settings)
    trained = list(train.select("example_id", "completion").iter_rows())
    known = set(conflicting)
    causes: list[tuple[str, str, float | None, str]] = []
    evidence: list[tuple[str, int, str, float, bool, str]] = []
    for start in range(0, failed.height, _ROWS_AT_ONCE):
        part = failed.slice(start, _ROWS_AT_ONCE)
        alike = (
            _similarities(part["prompt"].to_list(), failed_vectors[start : start + part.height], train_vectors, words)
            if trained
            else np.zeros((part.height, 0), np.float32)
        )
        for row, similar in zip(part.iter_rows(named=True), alike, strict=True):
            order = np.lexsort((train["example_id"].to_numpy(), -similar))[: settings.neighbours]
            shown = [
                (place, trained[at][0], float(similar[at]), _agrees(trained[at][1], row, settings.agreement))
                for place, at in enumerate(order.tolist(), start=1)
            ]
            usable = [entry for entry in shown if near is not None and entry[2] >= near]
            cause, sentence = _cause(usable, known)
            causes.append((row["example_id"], cause, shown[0][2] if shown else None, sentence))
            evidence += [
                (row["example_id"], place, neighbour, likeness, (place, neighbour, likeness, agrees) in usable, agrees)
                for place, neighbour, likeness, agrees in shown
            ]
    return Triage(
        pl.DataFrame(causes, schema=TRIAGE, orient="row"),
        pl.DataFrame(evidence, schema=EVIDENCE, orient="row"),
        near,
        settings,
    )


def _similarities(prompts: list[str], vectors: Vectors, train_vectors: Vectors, words: SharedWords) -> Vectors:
    """Return the similarity of each prompt to each training prompt: the mean of cosine and share of rare words."""
    return np.asarray((vectors @ train_vectors.T + words.shares(prompts)) / 2, np.float32)


def _near(prompts: list[str], vectors: Vectors, words: SharedWords, settings: TriageSettings) -> float | None:
    """Return the similarity that all but the loneliest training examples have to their own nearest neighbour."""
    if len(vectors) < 2:
        return None
    chosen = np.linspace(0, len(vectors) - 1, min(settings.sample, len(vectors))).astype(np.int64)
    nearest = np.empty(len(chosen), np.float32)
    for start in range(0, len(chosen), _ROWS_AT_ONCE):
        rows = chosen[start : start + _ROWS_AT_ONCE]
        alike = _similarities([prompts[row] for row in rows], vectors[rows], vectors, words)
        alike[np.arange(len(rows)), rows] = -2.0
        nearest[start : start + len(rows)] = alike.max(axis=1)
    # Rounding must not make an exact copy of a prompt lonely where all prompts are copies.
    return float(np.quantile(nearest, settings.lonely)) - 1e-5


def _agrees(answer: str, row: dict[str, str], margin: float) -> str:
    """Tell whether a training answer speaks for the output, the reference or neither, by what only one of them says."""
    output, reference, mine = (set(words_of(text)) for text in (row["output"], row["reference"], answer))
    only_output, only_reference = output - reference, reference - output
    for_output = len(mine & only_output) / len(only_output) if only_output else 0.0
    for_reference = len(mine & only_reference) / len(only_reference) if only_reference else 0.0
    if for_output - for_reference > margin:
        return "output"
    return "reference" if for_reference - for_output > margin else "neither"


def _cause(near: list[tuple[int, str, float, str]], conflicting: Collection[str]) -> tuple[str, str]:
    count = len(near)
    if not near:
        return GAP, "No training example is similar: nothing of this kind was taught."
    wrong = sum(entry[3] == "output" for entry in near)
    right = sum(entry[3] == "reference" for entry in near)
    known = sum(entry[1] in conflicting for entry in near)
    of = f"of {count} similar training example{'' if count == 1 else 's'}"
    if wrong and right:
        return INCONSISTENCY, f"{wrong} {of} agree with the wrong answer, {right} with the reference."
    if known:
        return INCONSISTENCY, f"{known} {of} stand in a conflict that curation found."
    if wrong:
        return BAD_DATA, f"{wrong} {of} agree with the wrong answer, none with the reference: look at them."
    return CAPACITY, f"{right} {of} agree with the reference and none with the wrong answer."
