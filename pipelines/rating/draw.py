"""Draw blind comparisons: which outputs a rater sees, in which order, on which side.

Everything is fixed before anything is shown, from the seed alone: the examples by (seed, example), so that several
raters rate the same ones and a larger count adds to a smaller; their order and the sides by (seed, rater, example), so
that no rater can tell an author from the side or from another rater's screen. A row, as a page sees it:

    comparison_id "9c1e…"  example_id "5f0c…"  rater "ada"  left "tuned"  right "base"  position 0

Passed over are examples that both variants answer alike, as there is nothing to choose, and those where one answer
names its author (`authors.py`), as nobody would rate it blind. Not covered: repeats that measure a rater's agreement
with themself (`repeats.py`).
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.score import OUTPUTS
from pipelines.examples import check_columns
from pipelines.rating.authors import names_author

COMPARISONS = pl.Schema(
    {
        "comparison_id": pl.String,
        "example_id": pl.String,
        "rater": pl.String,
        "left": pl.String,
        "right": pl.String,
        "position": pl.Int64,
    }
)


@dataclass(frozen=True)
class PassedOver:
    """Sorted ids of the common examples: to be rated blind, answered alike, and where an answer names its author."""

    blind: list[str]
    alike: list[str]
    telling: list[str]

    @property
    def common(self) -> int:
        """Number of the examples that both answered."""
        return len(self.blind) + len(self.alike) + len(self.telling)


def draw_comparisons(
    outputs: pl.DataFrame,
    first: str,
    second: str,
    *,
    rater: str,
    seed: int = 0,
    count: int | None = None,
    drawn: Collection[str] = (),
    scope: str = "",
) -> pl.DataFrame:
    """Draw comparisons of two variants for one rater.

    Args:
        outputs: `pipelines.evaluation.score.OUTPUTS`; other variants in it are left aside.
        first: a variant; which of the two stands left is drawn for every example.
        second: the other variant.
        rater: who will rate.
        seed: of examples, order and sides.
        count: how many at most; None for all.
        drawn: ids of examples that this rater was given before; they are not drawn again, and positions go on after
            them.
        scope: goes into the ids, so that the same draw in another study has other ids (a run's name).

    Returns:
        `COMPARISONS` in the order in which they are to be shown; empty where everything was drawn before.

    Raises:
        CurationError: an unknown variant, the same variant twice, no rater, no common example, nothing but examples
            that are passed over, two outputs for one example.
    """
    if not rater.strip():
        raise CurationError("A comparison needs a rater.", "Give the name that the ratings are stored under.")
    if count is not None and count < 1:
        raise CurationError(f"{count} comparisons cannot be drawn.", "Ask for one at least.")
    passed = passed_over(outputs, first, second)
    if not passed.blind:
        raise CurationError(
            f"'{first}' and '{second}' have nothing to rate blind among {passed.common:,} common examples:"
            f" {len(passed.alike):,} are answered alike, in {len(passed.telling):,} an answer names its author.",
            "Choose two variants whose outputs differ.",
        )
    seen = set(drawn)
    left_over = sorted(
        (example for example in passed.blind if example not in seen), key=lambda e: _draw(seed, "who", e)
    )
    chosen = sorted(left_over[:count], key=lambda example: _draw(seed, "order", rater, example))
    names = sorted((first, second))
    rows = []
    for position, example in enumerate(chosen, start=len(seen)):
        left, right = names if _draw(seed, "side", rater, example)[0] % 2 else reversed(names)
        comparison = _draw(seed, "id", scope, *names, rater, example).hex()
        rows.append((comparison, example, rater, left, right, position))
    return pl.DataFrame(rows, schema=COMPARISONS, orient="row")


def passed_over(outputs: pl.DataFrame, first: str, second: str) -> PassedOver:
    """Sort the common examples of two variants into what can be rated blind and what cannot.

    Raises:
        CurationError: as `draw_comparisons`.
    """
    pairs = _pairs(outputs, first, second)
    alike = pl.col("text").str.strip_chars() == pl.col("text_second").str.strip_chars()
    names = [first, second]
    pairs = pairs.with_columns(
        sort=pl.when(alike)
        .then(pl.lit("alike"))
        .when(names_author("text", names) | names_author("text_second", names))
        .then(pl.lit("telling"))
        .otherwise(pl.lit("blind"))
    )
    sorts = {sort: pairs.filter(sort=sort)["example_id"].to_list() for sort in ("blind", "alike", "telling")}
    return PassedOver(**sorts)


def _pairs(outputs: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    check_columns(outputs, OUTPUTS, "outputs")
    known = outputs["variant"].drop_nulls().unique().sort().to_list()
    for name in (first, second):
        if name not in known:
            raise CurationError(
                f"There are no outputs of the variant '{name}'.", f"Choose among: {', '.join(known) or 'none so far'}."
            )
    if first == second:
        raise CurationError(f"'{first}' cannot be compared with itself.", "Choose two variants.")
    twice = outputs.filter(
        pl.struct("variant", "example_id").is_duplicated() & pl.col("variant").is_in([first, second])
    )
    if not twice.is_empty():
        raise CurationError(
            f"Variant '{twice['variant'][0]}' has more than one output for example {twice['example_id'][0]}.",
            "Keep one output a variant and example.",
        )
    pairs = (
        outputs.filter(pl.col("variant") == first)
        .join(outputs.filter(pl.col("variant") == second), on="example_id", how="inner", suffix="_second")
        .drop_nulls(["text", "text_second"])
        .sort("example_id")
    )
    if pairs.is_empty():
        raise CurationError(
            f"'{first}' and '{second}' have no answered example in common.", "Let both answer the same examples first."
        )
    return pairs


def _draw(seed: int, *parts: str) -> bytes:
    """Return 16 bytes that look random and depend on nothing but the seed and the parts."""
    key = "\x1f".join((str(seed), *parts))
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
