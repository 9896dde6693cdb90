"""What to collect next: gaps of coverage and failing slices in one list, by what they cost in production.

    priority = share of production's queries in the slice * severity
    severity = the larger of failure rate and 1 - 1 / ratio, the part of production's demand that training does not meet

A gap brings its own number of examples to collect. A slice that fails without being a gap asks for its failure rate
times the training examples that it has, at least 10 and at most 500: where all fails, as many again. Where no
production queries were imported, a slice's share of the held-out examples stands in for its volume.

Not covered: the cost of an example, which differs from slice to slice.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

COLLECT = pl.Schema(
    {
        "place": pl.Int64(),
        "kind": pl.String(),
        "dimension": pl.String(),
        "slice": pl.String(),
        "collect": pl.Int64(),
        "priority": pl.Float64(),
        "volume_share": pl.Float64(),
        "severity": pl.Float64(),
        "failed": pl.Int64(),
        "n": pl.Int64(),
        "failure_rate": pl.Float64(),
        "gap_ratio": pl.Float64(),
        "train_count": pl.Int64(),
        "queries": pl.List(pl.String()),
        "description": pl.String(),
    }
)
FEWEST, MOST = 10, 500


def collect_next(
    gaps: pl.DataFrame,
    slices: pl.DataFrame,
    *,
    volumes: Mapping[tuple[str, str], float],
    trained: Mapping[tuple[str, str], int],
    queries: Mapping[tuple[str, str], Sequence[str]],
) -> pl.DataFrame:
    """Join gaps and failing slices into one list, the most pressing first.

    Args:
        gaps: columns title, ratio, production_share, train_count, collect, examples (a JSON list of queries).
        slices: `pipelines.evaluation.slices.SLICES` of one variant; only findings are taken.
        volumes: (dimension, slice) -> share of production's queries, 0 to 1.
        trained: (dimension, slice) -> training examples in it.
        queries: (dimension, slice) -> a few production queries that stand for it.

    Returns:
        `COLLECT`, by falling priority; `place` counts from 1. Nothing to collect gives an empty frame.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for gap in gaps.iter_rows(named=True):
        key = ("cluster", str(gap["title"]))
        told = gap["examples"]
        ratio = gap["ratio"] if gap["ratio"] is not None and math.isfinite(gap["ratio"]) else None
        # A gap without a finite ratio has no training example at all: nothing of the demand is met.
        rows[key] = {
            "gap_ratio": ratio,
            "unmet": 1.0 if ratio is None else max(0.0, 1 - 1 / ratio),
            "volume_share": float(gap["production_share"]),
            "train_count": int(gap["train_count"]),
            "collect": int(gap["collect"]),
            "queries": json.loads(told) if isinstance(told, str) else list(told or []),
        }
    failing = slices.filter(pl.col("finding")).sort("failure_rate", descending=True)
    for found in failing.unique(["dimension", "slice"], keep="first", maintain_order=True).iter_rows(named=True):
        key = (found["dimension"], found["slice"])
        count = int(trained.get(key, 0))
        wanted = min(MOST, max(FEWEST, math.ceil(found["failure_rate"] * count)))
        row = rows.setdefault(
            key,
            {
                "volume_share": float(volumes.get(key, 0.0)),
                "train_count": count,
                "collect": wanted,
                "queries": list(queries.get(key, [])),
            },
        )
        row |= {name: found[name] for name in ("failed", "n", "failure_rate")}
        row["collect"] = max(row["collect"], wanted)
    listed = [_row(key, row) for key, row in rows.items()]
    frame = pl.DataFrame(listed, schema=COLLECT)
    ordered = frame.sort(["priority", "collect", "dimension", "slice"], descending=[True, True, False, False])
    return ordered.with_columns(place=pl.int_range(1, ordered.height + 1, dtype=pl.Int64))


def _row(key: tuple[str, str], row: dict[str, Any]) -> dict[str, Any]:
    rate, unmet = row.get("failure_rate"), row.pop("unmet", 0.0)
    severity = max(rate or 0.0, unmet)
    kind = "failing slice" if not unmet else "gap" if rate is None else "gap and failing slice"
    return {
        **row,
        "place": 0,
        "kind": kind,
        "dimension": key[0],
        "slice": key[1],
        "severity": severity,
        "priority": row["volume_share"] * severity,
        "description": _description(key, row, kind),
    }


def _description(key: tuple[str, str], row: dict[str, Any], kind: str) -> str:
    told = f"Collect {row['collect']} examples of {key[0]} '{key[1]}': {100 * row['volume_share']:.1f} % of queries"
    if "gap" in kind:
        ratio = row["gap_ratio"]
        told += ", none in training" if ratio is None else f", {ratio:.1f} times its share of training"
    if row.get("failure_rate") is not None:
        told += f", {row['failed']} of {row['n']} held-out examples fail"
    return f"{told}."
