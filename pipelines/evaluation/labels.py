"""Answers that are labels: which they are, and precision, recall and F1 over and for each of them.

References are labels where they are at most five words and the same one recurs at least three times among the held-out
examples; there must be two of them at least. Texts are compared without case, outer white space and closing
punctuation. An output that is none of the labels counts as a miss of the right one and as a hit of none.

    label "refund"  precision 0.80  recall 0.67  f1 0.73  support 12  predicted 10

F1 is 0 for a label that is never predicted or never right (as `zero_division=0` in scikit-learn); macro figures are
the plain mean over the labels. The interval of the macro F1 is a percentile bootstrap over groups of examples: it is no
mean of scores, so that no t interval holds.

Not covered: labels in a field of a JSON answer (see `field_accuracy`), several labels an answer.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

LONGEST_LABEL_WORDS = 5
LEAST_OF_A_LABEL = 3
CLASSES = pl.Schema(
    {
        "variant": pl.String,
        "label": pl.String,
        "precision": pl.Float64,
        "recall": pl.Float64,
        "f1": pl.Float64,
        "support": pl.Int64,
        "predicted": pl.Int64,
    }
)
MACRO = pl.Schema(
    {
        "variant": pl.String,
        "accuracy": pl.Float64,
        "precision": pl.Float64,
        "recall": pl.Float64,
        "f1": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "n": pl.Int64,
        "labels": pl.Int64,
    }
)
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LabelReport:
    """Figures over all labels (`MACRO`) and of each label (`CLASSES`), sorted by variant and label."""

    macro: pl.DataFrame
    classes: pl.DataFrame


def label_of(text: str) -> str:
    """Return a text as labels are compared."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(".!?,;:")


def labels_among(references: Collection[str]) -> set[str]:
    """Return the labels among reference answers; empty where answers are no labels."""
    counted = Counter(label_of(text) for text in references)
    found = {
        label
        for label, times in counted.items()
        if label and times >= LEAST_OF_A_LABEL and len(label.split()) <= LONGEST_LABEL_WORDS and label[0] not in "{["
    }
    return found if len(found) > 1 else set()


def label_report(
    outputs: pl.DataFrame,
    references: pl.DataFrame,
    groups: pl.DataFrame | None = None,
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> LabelReport:
    """Compute precision, recall and F1 of every variant over the examples whose reference is a label.

    Args:
        outputs: variant, example_id, text.
        references: example_id, completion.
        groups: example_id, group_id: what is drawn together; examples without a row stand alone.
        resamples: bootstrap draws.
        confidence: of the interval of the macro F1.
        seed: of the draws.

    Returns:
        The report; empty frames where no reference is a label, or none was answered.
    """
    labels = sorted(labels_among(references["completion"].drop_nulls().to_list()))
    place = {label: index for index, label in enumerate(labels)}
    rows = outputs.join(references.select("example_id", "completion"), on="example_id").with_columns(
        wanted=pl.col("completion").map_elements(lambda text: place.get(label_of(text), -1), return_dtype=pl.Int64),
        given=pl.col("text").map_elements(lambda text: place.get(label_of(text), len(labels)), return_dtype=pl.Int64),
    )
    rows = rows.filter(pl.col("wanted") >= 0).sort("variant", "example_id")
    if groups is None:
        rows = rows.with_columns(unit="example_id")
    else:
        rows = rows.join(groups.select("example_id", "group_id"), on="example_id", how="left").with_columns(
            unit=pl.coalesce(pl.format("group {}", "group_id"), pl.format("example {}", "example_id"))
        )
    macro: list[dict[str, object]] = []
    classes: list[dict[str, object]] = []
    for (variant,), mine in rows.group_by("variant", maintain_order=True):
        tables = _tables(mine, len(labels))
        precision, recall, f1 = _figures(tables.sum(axis=0))
        low, high = _interval(tables, resamples, confidence, seed)
        total = tables.sum(axis=0)
        for index, label in enumerate(labels):
            figures = {"precision": precision[index], "recall": recall[index], "f1": f1[index]}
            counts = {"support": int(total[1, index]), "predicted": int(total[2, index])}
            classes.append({"variant": variant, "label": label, **figures, **counts})
        macro.append(
            {
                "variant": variant,
                "accuracy": float(total[0].sum() / mine.height),
                "precision": float(precision.mean()),
                "recall": float(recall.mean()),
                "f1": float(f1.mean()),
                "low": low,
                "high": high,
                "n": mine.height,
                "labels": len(labels),
            }
        )
    return LabelReport(pl.DataFrame(macro, schema=MACRO), pl.DataFrame(classes, schema=CLASSES))


def _tables(rows: pl.DataFrame, labels: int) -> Counts:
    """Count for every unit and label: right, wanted, given; (units, 3, labels)."""
    units = np.unique(rows["unit"].to_numpy(), return_inverse=True)[1]
    tables = np.zeros((int(units.max()) + 1, 3, labels + 1))
    for unit, wanted, given in zip(units.tolist(), rows["wanted"], rows["given"], strict=True):
        tables[unit, 0, wanted] += wanted == given
        tables[unit, 1, wanted] += 1
        tables[unit, 2, given] += 1
    return tables[:, :, :labels]


def _figures(totals: Counts) -> Sequence[Counts]:
    """Return precision, recall and F1 of (..., 3, labels) counts, each (..., labels)."""
    right, wanted, given = totals[..., 0, :], totals[..., 1, :], totals[..., 2, :]
    return (
        right / np.maximum(given, 1.0),
        right / np.maximum(wanted, 1.0),
        2.0 * right / np.maximum(wanted + given, 1.0),
    )


def _interval(tables: Counts, resamples: int, confidence: float, seed: int) -> tuple[float | None, float | None]:
    units = len(tables)
    if units < 2:
        return None, None
    generator = np.random.default_rng(seed)
    flat = tables.reshape(units, -1)
    found = []
    for _ in range(resamples):
        weights = np.bincount(generator.integers(0, units, units), minlength=units).astype(np.float64)
        found.append(float(_figures((weights @ flat).reshape(tables.shape[1:]))[2].mean()))
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)
