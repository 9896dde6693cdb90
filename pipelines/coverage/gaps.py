"""Gaps: topics that are common in production and rare in training.

Each cluster is a 2 x 2 table, prompts of production and of training within it and without. It is a gap when

    one-sided test, Benjamini-Hochberg over all clusters           q <= false_discovery_rate
    share in production / share in training / usual ratio          >= effect_floor

The usual ratio is that of a topic which training covers. Shares add up to one, so that what production asks and
training lacks makes every other topic look too common in training: with a quarter of production in gaps the topics
that are covered stand at 0.76, and a gap's ratio of 1.5 is twice that. The usual ratio is the median over production
prompts of their clusters' ratios, and 1 at most: where most of production lies in gaps, no topic counts as usual. The
test is Fisher's exact one where it is 1, and the binomial of the cluster's prompts where it is less.

Counts are of examples; where production queries repeat, their weights tell the volume, which decides how much to
collect but not what is significant: one query asked ten thousand times is no ten thousand findings.

How many to collect: the smallest m with (train_c + m) / (train + m) >= target. The target is the cluster's share of
production volume, tempered by a square root (so that head topics leave something for the others), but at least so much
that it would be no gap any more.

Source: Fisher 1934; Benjamini and Hochberg 1995; interval of the ratio by logarithms, Katz et al. 1978, with half a
prompt added to each cell when training has none; a median of ratios as the reference, Anders and Huber 2010.
Not covered: queries that come in sessions, which are less independent than the test supposes.
"""

import json

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.coverage.cluster import Labels
from pipelines.coverage.settings import CoverageSettings
from pipelines.embedding.encoder import Vectors

GAPS = pl.Schema(
    {
        "cluster_id": pl.Int32,
        "title": pl.String,
        "train_count": pl.Int64,
        "production_count": pl.Int64,
        "production_volume": pl.Float64,
        "train_share": pl.Float64,
        "production_share": pl.Float64,
        "ratio": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "q_value": pl.Float64,
        "collect": pl.Int64,
        "examples": pl.String,
    }
)
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def find_gaps(
    prompts: pl.Series,
    production: NDArray[np.bool_],
    vectors: Vectors,
    labels: Labels,
    titles: dict[int, str],
    weights: Floats,
    settings: CoverageSettings,
) -> pl.DataFrame:
    """Find the clusters that production asks about much more than training answers.

    Args:
        prompts: one text a row.
        production: `(n,)` whether the row is of production; else it is of training.
        vectors: `(n, d)` unit rows.
        labels: `(n,)` the cluster of each row.
        titles: of the clusters.
        weights: `(n,)` how often a production query came; not used for training rows.
        settings: test level, effect floor and prompts shown.

    Returns:
        Columns of `GAPS`, one row a gap, the most missing volume first; empty when either side has no rows. `examples`
        is a JSON list of production prompts of the cluster that lie far apart.
    """
    if not production.any() or production.all():
        return GAPS.to_frame()
    clusters = int(labels.max()) + 1
    asked = np.bincount(labels[production], minlength=clusters)
    answered = np.bincount(labels[~production], minlength=clusters)
    volume = np.bincount(labels[production], weights=weights[production], minlength=clusters).astype(np.float64)
    ratio, low, high = share_ratio(asked, answered, settings.confidence)
    floor = settings.effect_floor * (usual := usual_ratio(asked, ratio))
    q_values = benjamini_hochberg(
        fisher_greater(asked, answered) if usual == 1.0 else binomial_greater(asked, answered, usual)
    )
    found = np.flatnonzero((q_values <= settings.false_discovery_rate) & (ratio >= floor))
    missing = volume / volume.sum() - answered / answered.sum()
    collect = rows_to_collect(volume, answered, floor)
    rows = []
    for cluster in sorted(found.tolist(), key=lambda number: (-missing[number], number)):
        inside = np.flatnonzero(production & (labels == cluster))
        brief = [prompts[int(row)] for row in far_apart(vectors, inside, settings.brief_prompts)]
        rows.append(
            {
                "cluster_id": cluster,
                "title": titles[cluster],
                "train_count": int(answered[cluster]),
                "production_count": int(asked[cluster]),
                "production_volume": float(volume[cluster]),
                "train_share": float(answered[cluster] / answered.sum()),
                "production_share": float(asked[cluster] / asked.sum()),
                "ratio": float(ratio[cluster]),
                "low": float(low[cluster]),
                "high": float(high[cluster]),
                "q_value": float(q_values[cluster]),
                "collect": int(collect[cluster]),
                "examples": json.dumps(brief, ensure_ascii=False),
            }
        )
    return pl.DataFrame(rows, schema=GAPS)


def fisher_greater(asked: Counts, answered: Counts) -> Floats:
    """Return for each cluster the chance of so many production prompts or more if there were no difference."""
    from scipy.stats import hypergeom

    total, drawn = int(asked.sum() + answered.sum()), int(asked.sum())
    return np.minimum(np.asarray(hypergeom.sf(asked - 1, total, asked + answered, drawn), dtype=np.float64), 1.0)


def usual_ratio(asked: Counts, ratio: Floats) -> float:
    """Return the ratio that half of the production prompts have at most in their cluster; 1 where it is more."""
    order = np.argsort(ratio, kind="stable")
    below = np.cumsum(asked[order])
    return min(1.0, float(ratio[order][np.searchsorted(below, below[-1] / 2)]))


def binomial_greater(asked: Counts, answered: Counts, usual: float) -> Floats:
    """Return the chance of so many production prompts or more if the cluster's ratio of shares were the usual one."""
    from scipy.stats import binom

    odds = usual * asked.sum() / answered.sum()
    return np.asarray(binom.sf(asked - 1, asked + answered, odds / (1 + odds)), dtype=np.float64)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Return the smallest false discovery rate at which each finding would be reported."""
    order = np.argsort(p_values, kind="stable")
    ranked = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    lowest = np.minimum.accumulate(ranked[::-1])[::-1]
    q_values = np.empty_like(p_values)
    q_values[order] = np.minimum(lowest, 1.0)
    return q_values


def share_ratio(asked: Counts, answered: Counts, confidence: float) -> tuple[Floats, Floats, Floats]:
    """Return the ratio of the share in production to the share in training, with its interval."""
    from scipy.stats import norm

    half = np.where((asked == 0) | (answered == 0), 0.5, 0.0)
    top, bottom = asked + half, answered + half
    top_total, bottom_total = asked.sum() + 2 * half, answered.sum() + 2 * half
    ratio = (top / top_total) / (bottom / bottom_total)
    error = np.sqrt(1 / top - 1 / top_total + 1 / bottom - 1 / bottom_total)
    reach = np.exp(float(norm.ppf(0.5 + confidence / 2)) * error)
    return ratio, ratio / reach, ratio * reach


def rows_to_collect(volume: Floats, answered: Counts, effect_floor: float) -> Counts:
    """Return for each cluster how many training examples bring it to its target share, 0 where it is there.

    Args:
        volume: production's volume by cluster.
        answered: training prompts by cluster.
        effect_floor: the ratio of shares at which a cluster is a gap.
    """
    share = volume / volume.sum()
    tempered = np.sqrt(share) / np.sqrt(share).sum()
    target = np.minimum(np.maximum(tempered, share / max(effect_floor, 1.0)), 0.99)
    needed = (target * answered.sum() - answered) / (1 - target)
    rows: Counts = np.maximum(np.ceil(needed - 1e-9), 0).astype(np.int64)
    return rows


def far_apart(vectors: Vectors, rows: Counts, count: int) -> Counts:
    """Choose rows far apart: first the one nearest the mean, then always the one farthest from those chosen."""
    inside = vectors[rows]
    chosen = [int(np.argmax(inside @ inside.mean(axis=0)))]
    nearest = inside @ inside[chosen[0]]
    while len(chosen) < min(count, len(rows)):
        nearest[chosen] = np.inf
        following = int(np.argmin(nearest))
        if nearest[following] > 1 - 1e-5:  # all that is left has been said
            break
        chosen.append(following)
        nearest = np.maximum(nearest, inside @ inside[following])
    return np.asarray(rows[chosen], dtype=np.int64)
