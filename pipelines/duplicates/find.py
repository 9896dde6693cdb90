"""Find duplicates of every kind in one go: verified pairs, guards, groups.

    exact pairs, near pairs, semantic pairs (where vectors are given, or a fast encoder's and one that judges)
        -> each pair once, as the first kind that applies
        -> guards mark those that are alike but not the same
        -> the others form groups around a representative

Not covered: duplicates of prompts alone, which are conflicts when their answers differ (`pipelines/quality/`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.exact import find_exact_duplicates
from pipelines.duplicates.groups import GROUPS, KINDS, order_by_preference, star_groups
from pipelines.duplicates.guards import Sides, Text, guard_of
from pipelines.duplicates.judged import Judge, find_judged_duplicates
from pipelines.duplicates.near import find_near_duplicates
from pipelines.duplicates.semantic import find_semantic_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.duplicates.sides import compared_side
from pipelines.embedding.encoder import Vectors
from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns
from pipelines.progress import Progress, no_progress, part_of

PAIRS = pl.Schema(
    {
        "example_a": pl.String,
        "example_b": pl.String,
        "kind": pl.String,
        "similarity": pl.Float64,
        "guarded": pl.Boolean,
        "guard": pl.String,
    }
)


@dataclass(frozen=True)
class Duplicates:
    """What was found.

    Attributes:
        duplicates: columns of `groups.GROUPS`, one row for each member of each group.
        pairs: columns of `PAIRS`, every verified pair; those that are `guarded` are in no group together on account of
            this pair, and `guard` says why (see `guards.py`).
        settings: that were used.
    """

    duplicates: pl.DataFrame
    pairs: pl.DataFrame
    settings: DuplicateSettings

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.duplicates["group_id"].n_unique()

    @property
    def extra(self) -> int:
        """Number of examples that a representative stands for."""
        return len(self.duplicates) - self.groups


def find_duplicates(
    examples: pl.DataFrame,
    settings: DuplicateSettings | None = None,
    *,
    vectors: Vectors | None = None,
    judge: Judge | None = None,
    rank: pl.DataFrame | None = None,
    progress: Progress = no_progress,
) -> Duplicates:
    """Find exact, near and semantic duplicates.

    Args:
        examples: columns of `EXAMPLES`; rows of an id that was there before are passed over.
        settings: thresholds, shingles, guards.
        vectors: `(n, d)` unit rows aligned to `examples`, of the side that is compared (`duplicate_texts(examples)`
            where that is both); None leaves semantic duplicates out.
        judge: where those are a fast encoder's: gives the accurate encoder's for some rows of `examples`, and these
            decide (see `judged.py`); None lets `vectors` decide.
        rank: `example_id`, `rank`: who is kept before whom, larger first (see `groups.py`).
        progress: is told each step.

    Returns:
        Groups and pairs; both empty when nothing is alike. The order of rows changes nothing.

    Raises:
        CurationError: columns are missing, or the vectors are not aligned.
    """
    settings = settings or DuplicateSettings()
    check_columns(examples, EXAMPLES, "examples")
    if vectors is not None and (vectors.ndim != 2 or len(vectors) != len(examples)):
        raise CurationError(
            f"There are {len(vectors):,} vectors for {len(examples):,} examples.",
            "Embed the examples again, one vector for each row in its order.",
        )
    numbered = examples.with_row_index("position").unique("example_id", keep="first", maintain_order=True)
    ordered = order_by_preference(numbered, rank)
    sides = compared_side(ordered, settings)
    progress(0.0, f"Looking for exact duplicates among {len(ordered):,} examples")
    found = [find_exact_duplicates(sides)]
    found.append(find_near_duplicates(sides, settings, progress=part_of(progress, 0.05, 0.5)))
    if vectors is not None:
        positions = ordered["position"].to_numpy().astype(np.int64)
        aligned, told = vectors[positions], part_of(progress, 0.5, 0.9)
        if judge is None:
            found.append(find_semantic_duplicates(ordered, aligned, settings, progress=told))
        else:
            known = pl.concat(found)
            asked = _at_positions(judge, positions)
            found.append(find_judged_duplicates(ordered, aligned, asked, settings, known=known, progress=told))
    progress(0.9, "Telling the alike from the same")
    pairs = guarded_pairs(_each_once(found), sides, settings)
    groups = star_groups(ordered["example_id"], pairs.filter(~pl.col("guarded")))
    result = Duplicates(groups.match_to_schema(GROUPS), pairs, settings)
    progress(1.0, f"Found {result.groups:,} groups with {result.extra:,} examples too many")
    return result


def _at_positions(judge: Judge, positions: NDArray[np.int64]) -> Judge:
    return lambda rows, progress: judge(positions[rows], progress)


def duplicate_texts(examples: pl.DataFrame) -> list[str]:
    """Return the texts whose vectors `find_duplicates` wants: prompt and completion together."""
    return (examples["prompt"] + "\n" + examples["completion"]).to_list()


def _each_once(found: list[pl.DataFrame]) -> pl.DataFrame:
    """Join the pairs of all kinds and keep each under its first kind; sorted by ids, the smaller id first."""
    kinds = [frame.with_columns(kind=pl.lit(kind)) for frame, kind in zip(found, KINDS, strict=False)]
    return (
        pl.concat(kinds)
        .with_columns(
            example_a=pl.min_horizontal("example_a", "example_b"), example_b=pl.max_horizontal("example_a", "example_b")
        )
        .unique(["example_a", "example_b"], keep="first", maintain_order=True)
        .sort("example_a", "example_b")
    )


def guarded_pairs(pairs: pl.DataFrame, examples: pl.DataFrame, settings: DuplicateSettings) -> pl.DataFrame:
    """Say of each pair whether a guard holds it apart.

    Args:
        pairs: `example_a`, `example_b`, `kind` and `similarity`.
        examples: with `example_id`, `prompt` and `completion` of at least those in pairs, as they are compared.
        settings: which guards are on.

    Returns:
        Columns of `PAIRS`, in the order of the pairs.
    """
    used = pl.concat([pairs["example_a"], pairs["example_b"]]).unique()
    rows = examples.filter(pl.col("example_id").is_in(used.implode())).select("example_id", "prompt", "completion")
    sides = {example: Sides(Text(prompt), Text(completion)) for example, prompt, completion in rows.iter_rows()}
    guards = [
        guard_of(sides[one], sides[other], kind, settings)
        for one, other, kind in pairs.select("example_a", "example_b", "kind").iter_rows()
    ]
    guard = pl.Series("guard", guards, dtype=pl.String)
    return pairs.with_columns(guard, guarded=guard.is_not_null()).select(PAIRS.names()).match_to_schema(PAIRS)
