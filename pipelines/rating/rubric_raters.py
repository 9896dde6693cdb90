"""The raters of single answers: how far they agree on each criterion, with themselves, and who is strict or lenient.

A unit of agreement is one answer: an example and a variant. A rater's shift is the mean of what they gave less what the
others gave the same answers, over all criteria; its interval is over examples, as one example's answers hang together.
A rater stands out whose shift is not 0 by the paired t test, corrected over raters (Benjamini-Hochberg).

Not covered: criteria that raters do not tell apart, seconds a rating.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from pipelines.evaluation.statistics import Groups, benjamini_hochberg, paired_estimate
from pipelines.rating.criteria import HIGHEST, LOWEST
from pipelines.rating.repeats import SUFFIX
from pipelines.rating.rubric import checked_scores_frame
from pipelines.rating.scale_agreement import scale_alpha, share_within

RUBRIC_AGREEMENT = pl.Schema(
    {
        "criterion": pl.String,
        "same": pl.Float64,
        "within_one": pl.Float64,
        "alpha": pl.Float64,
        "alpha_interval": pl.Float64,
        "answers": pl.Int64,
        "raters": pl.Int64,
        "note": pl.String,
    }
)
RUBRIC_RATERS = pl.Schema(
    {
        "rater": pl.String,
        "answers": pl.Int64,
        "mean": pl.Float64,
        "shift": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "q_value": pl.Float64,
        "stands_out": pl.Boolean,
        "note": pl.String,
    }
)
RUBRIC_SELF_AGREEMENT = pl.Schema(
    {
        "rater": pl.String,
        "repeats": pl.Int64,
        "scores": pl.Int64,
        "same": pl.Float64,
        "within_one": pl.Float64,
        "note": pl.String,
    }
)
# Fewer shared examples than this do not make anybody stand out.
LEAST_SHARED = 10
_SPAN = HIGHEST - LOWEST


def rubric_agreement(scores: pl.DataFrame, criteria: Sequence[str]) -> pl.DataFrame:
    """Return how far raters agree on each criterion, over the answers that two or more rated: `RUBRIC_AGREEMENT`.

    Args:
        scores: `pipelines.rating.rubric.RUBRIC_SCORES`, all under the same wording of the criteria.
        criteria: their names in the order in which they are told; one without scores is left out.

    Returns:
        `alpha` is Krippendorff's for an ordinal scale, `alpha_interval` for an interval scale; None where they are not
        defined, and `note` says why. No scores give an empty frame.

    Raises:
        CurationError: the scores are not sound.
    """
    rows = checked_scores_frame(scores)
    found: list[dict[str, Any]] = []
    for criterion in criteria:
        mine = rows.filter(pl.col("criterion") == criterion)
        if mine.is_empty():
            continue
        units: list[list[float]] = mine.group_by("example_id", "variant").agg("score")["score"].to_list()
        raters, answers = mine["rater"].n_unique(), sum(len(unit) > 1 for unit in units)
        row: dict[str, Any] = {
            "criterion": criterion,
            "same": share_within(units, 0),
            "within_one": share_within(units, 1),
            "alpha": scale_alpha(units),
            "alpha_interval": scale_alpha(units, "interval"),
            "answers": answers,
            "raters": raters,
        }
        found.append(row | {"note": _agreement_note(row)})
    return pl.DataFrame(found, schema=RUBRIC_AGREEMENT)


def rubric_raters(scores: pl.DataFrame, *, level: float = 0.05) -> pl.DataFrame:
    """Return how many answers each rater rated, and whether they are stricter than the others: `RUBRIC_RATERS`.

    Args:
        scores: `pipelines.rating.rubric.RUBRIC_SCORES`, all under the same wording of the criteria.
        level: expected share of false findings among those who stand out.

    Returns:
        Sorted by rater. `shift` is None for a rater who shares no answer with another one. No scores give an empty
        frame.

    Raises:
        CurationError: the scores are not sound.
    """
    rows = checked_scores_frame(scores)
    found: list[dict[str, Any]] = []
    for (rater,), mine in rows.sort("rater").group_by("rater", maintain_order=True):
        row: dict[str, Any] = {
            "rater": rater,
            "answers": mine.select("example_id", "variant").n_unique(),
            "mean": mine["score"].mean(),
            "p_value": None,
            "stands_out": False,
        }
        found.append(row | _shift(rows, mine, str(rater)))
    tested = [row for row in found if row["p_value"] is not None]
    for row, q_value in zip(tested, benjamini_hochberg([r["p_value"] for r in tested]) if tested else [], strict=True):
        row["q_value"], row["stands_out"] = q_value, q_value <= level
    for row in found:
        row["note"] = _rater_note(row)
        row.pop("p_value")
    return pl.DataFrame(found, schema=RUBRIC_RATERS)


def rubric_self_agreement(scores: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """Return how often each rater gave the same score both times: `RUBRIC_SELF_AGREEMENT`.

    Args:
        scores: `pipelines.rating.rubric.RUBRIC_SCORES` of the first showings.
        repeats: the same of the second ones; one whose first showing has no score (any more) is left aside.
    """
    again = repeats.select(
        pl.col("answer_id").str.strip_suffix(SUFFIX), "rater", "criterion", pl.col("score").alias("again")
    )
    both = scores.join(again, on=["answer_id", "rater", "criterion"]).sort("rater")
    found = []
    for (rater,), rows in both.group_by("rater", maintain_order=True):
        pairs = rows.select("score", "again").rows()
        same, near = share_within(pairs, 0), share_within(pairs, 1)
        answers = rows["answer_id"].n_unique()
        note = (
            f"{rater} gave the same score {100 * (same or 0):.0f} % of the time, and one within a point"
            f" {100 * (near or 0):.0f} %, on {answers} answer{'' if answers == 1 else 's'} shown twice."
        )
        row = {"rater": rater, "repeats": answers, "scores": rows.height, "same": same, "within_one": near}
        found.append({**row, "note": note})
    return pl.DataFrame(found, schema=RUBRIC_SELF_AGREEMENT)


def _shift(rows: pl.DataFrame, mine: pl.DataFrame, rater: str) -> dict[str, Any]:
    """Compare a rater with the mean of the others on the same answers."""
    unit = ["example_id", "variant", "criterion"]
    others = rows.filter(pl.col("rater") != rater).group_by(unit).agg(pl.col("score").mean().alias("others"))
    both = mine.join(others, on=unit).sort(unit)
    if both.is_empty():
        return {}
    examples: Groups = both["example_id"].rank("dense").cast(pl.Int64).to_numpy()
    estimate = paired_estimate(
        (both["score"].to_numpy() - LOWEST) / _SPAN,
        (both["others"].to_numpy() - LOWEST) / _SPAN,
        examples,
        confidence=0.95,
        resamples=2000,
        seed=0,
        binary=False,
    )
    return {
        "shift": _SPAN * estimate.value,
        "low": None if estimate.low is None else _SPAN * estimate.low,
        "high": None if estimate.high is None else _SPAN * estimate.high,
        "p_value": estimate.p_value if len(np.unique(examples)) >= LEAST_SHARED else None,
    }


def _agreement_note(row: dict[str, Any]) -> str:
    criterion, answers, raters = row["criterion"], row["answers"], row["raters"]
    if row["same"] is None:
        reason = f"there {'is one rater' if raters == 1 else f'are {raters} raters'} and no answer rated by two"
        return f"{criterion}: agreement cannot be computed: {reason}."
    told = f"{criterion}: two raters give the same score {100 * row['same']:.0f} % of the time, and one within a point"
    told += f" {100 * row['within_one']:.0f} %, on {answers} answer{'' if answers == 1 else 's'} that several rated"
    if row["alpha"] is None:
        return f"{told}; everyone gave one and the same score, so agreement beyond chance (alpha) is not defined."
    told += f"; beyond chance {row['alpha']:.2f} (Krippendorff's alpha, ordinal)."
    if row["within_one"] >= 0.8 and row["alpha"] < 0.67:
        told += " Alpha is low where nearly all scores are alike: see how often each was given before you blame raters."
    return told


def _rater_note(row: dict[str, Any]) -> str:
    rater, answers = row["rater"], row["answers"]
    told = f"{rater} rated {answers} answer{'' if answers == 1 else 's'}, {row['mean']:.2f} on average."
    if row.get("shift") is None:
        return f"{told} Nobody else rated the same ones."
    word = "stricter" if row["shift"] < 0 else "more lenient"
    if row["stands_out"]:
        shift = abs(row["shift"])
        return f"{rater} stands out: {shift:.2f} points {word} than the others on the same answers. {told}"
    if row.get("q_value") is None:
        return f"{told} Too few examples are shared with others to say whether they are strict."
    return f"{told} No evidence that they are stricter or more lenient than the others."
