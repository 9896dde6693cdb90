"""Rate answers blind: sides are drawn and stored before anything is shown, and no card names a variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import Message, messages_of
from workbench.example_groups import groups_of
from workbench.held_out import as_evaluated
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.rating.draw import PassedOver
    from pipelines.rating.length_control import LengthControlled
    from pipelines.rating.stopping import Stopping

CHOICES = ("left", "right", "tie", "both_bad")


@dataclass(frozen=True)
class RatingCard:
    """One blind pair: the conversation, two answers, and the reference behind a key."""

    comparison_id: str
    messages: list[Message]
    left_text: str
    right_text: str
    reference: str
    position: int
    total: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True)
class RatingHand:
    """What a rater has at hand: `last` was rated or skipped last, `pairs` come next; `rated` of `total` are done."""

    last: RatingCard | None
    pairs: list[RatingCard]
    rated: int
    total: int


def pair_to_rate(variants: Sequence[str]) -> tuple[str, str]:
    """Return the two variants that are worth rating first: what was tuned on curated data, and the prompted base.

    Where there are none of these it is the last variant against the first.
    """
    tuned = next((name for name in variants if name.startswith("tuned-curated")), variants[-1])
    prompted = next((name for name in ("few-shot", "nearest", "system") if name in variants), variants[0])
    return tuned, prompted


class Rating:
    """Draws comparisons, records ratings, and counts who won."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, evaluation: str, left: str, right: str, rater: str, count: int = 50, seed: int = 0) -> int:
        """Draw blind comparisons of two variants for a rater and store them; returns how many are drawn in all.

        Examples whose two answers are equal, and those where one names its author, are passed over. Drawing again adds
        nothing that is there already. One pair in twenty is drawn to come a second time, beside the count: see
        `self_agreement`.

        Raises:
            CurationError: the evaluation has no outputs of a variant, or the variants are the same.
        """
        from pipelines.rating.draw import draw_comparisons
        from pipelines.rating.repeats import SUFFIX, draw_repeats

        outputs = self._store.runs.outputs(evaluation)
        if outputs.is_empty():
            raise CurationError(f"{evaluation} has no answers yet.", "Wait for the evaluation to finish, then rate.")
        known = self._store.ratings.comparisons(evaluation, rater)
        known = known.filter(~pl.col("comparison_id").str.ends_with(SUFFIX))
        of_pair = known.filter(pl.col("left").is_in([left, right]) & pl.col("right").is_in([left, right]))
        if of_pair.height >= count:
            return self._store.ratings.comparisons(evaluation, rater).height
        drawn = draw_comparisons(
            outputs.select("variant", "example_id", "text"),
            left,
            right,
            rater=rater,
            seed=seed,
            count=count - of_pair.height,
            drawn=of_pair["example_id"].to_list(),
            scope=evaluation,
        ).with_columns(
            comparison_id=pl.lit(f"{evaluation}:") + pl.col("comparison_id"), position=pl.col("position").cast(pl.Int32)
        )
        again = draw_repeats(drawn)
        self._store.ratings.add_comparisons(evaluation, pl.concat([drawn, again]), self._store.now())
        return self._store.ratings.comparisons(evaluation, rater).height

    def passed_over(self, evaluation: str, left: str, right: str) -> PassedOver:
        """Tell which common examples of two variants can be rated blind, and which are passed over.

        Raises:
            CurationError: as `begin`.
        """
        from pipelines.rating.draw import passed_over

        return passed_over(self._store.runs.outputs(evaluation).select("variant", "example_id", "text"), left, right)

    def at_hand(self, evaluation: str, rater: str, limit: int = 20) -> RatingHand:
        """Return what a rater needs now: the pair they saw last, the next ones, and how far they are."""
        done, total = self.progress(evaluation, rater)
        rows = self._store.ratings.at_hand(evaluation, rater, limit)
        found = as_evaluated(self._store, evaluation, rows["example_id"].to_list())
        examples = {row["example_id"]: row for row in found.iter_rows(named=True)}
        seen = bool(rows["seen"].any())
        cards = []
        for place, row in enumerate(rows.iter_rows(named=True), start=done + (0 if seen else 1)):
            example = examples[row["example_id"]]
            messages = messages_of(example["messages"])
            if messages[-1]["role"] == "assistant":
                messages = messages[:-1]
            texts = row["left_text"], row["right_text"]
            cards.append(RatingCard(row["comparison_id"], messages, *texts, example["completion"], place, total))
        return RatingHand(cards[0] if seen else None, cards[1:] if seen else cards, done, total)

    def pending(self, evaluation: str, rater: str, limit: int = 20) -> list[RatingCard]:
        """Return the next blind pairs of a rater."""
        return self.at_hand(evaluation, rater, limit).pairs

    def rate(self, events: Sequence[Mapping[str, Any]], rater: str) -> int:
        """Store ratings and return the highest sequence that is stored; sending one twice stores it once.

        Each event is `{session, sequence, comparison_id, choice, note?}`; a choice of `skip` passes the comparison
        over, `undo` takes back what was said of it.

        Raises:
            CurationError: an unknown choice, or a comparison that was not drawn for this rater; nothing is stored.
        """
        if not events:
            return 0
        rows: list[dict[str, object]] = []
        for event in sorted(events, key=lambda event: int(event["sequence"])):
            choice = str(event["choice"])
            if choice not in (*CHOICES, "skip", "undo"):
                raise CurationError(f"'{choice}' is no rating.", f"Choose one of: {', '.join(CHOICES)}.")
            rows.append(
                {
                    "comparison_id": str(event["comparison_id"]),
                    "choice": None if choice == "undo" else choice,
                    "note": str(event.get("note") or "").strip() or None,
                    "session": str(event["session"]),
                    "sequence": int(event["sequence"]),
                }
            )
        known = self._store.ratings.drawn_of([str(row["comparison_id"]) for row in rows], rater)
        unknown = sorted({str(row["comparison_id"]) for row in rows} - known)
        if unknown:
            raise CurationError(
                f"The comparison {unknown[0]} was not drawn for {rater}.", "Begin rating this evaluation first."
            )
        self._store.ratings.append(rows, rater, self._store.now())
        return self._store.ratings.highest_sequence(str(events[0]["session"]))

    def undo(self, evaluation: str, rater: str) -> str | None:
        """Take the rater's last rating back; returns its comparison, or None when there is none."""
        last = self._store.ratings.last_rated(evaluation, rater)
        if last is not None:
            session = f"undo:{rater}"
            event: dict[str, object] = {
                "comparison_id": last,
                "choice": None,
                "note": None,
                "session": session,
                "sequence": self._store.ratings.next_session_sequence(session),
            }
            self._store.ratings.append([event], rater, self._store.now())
        return last

    def progress(self, evaluation: str, rater: str) -> tuple[int, int]:
        """Return how many comparisons this rater has rated or skipped, and how many are drawn."""
        return self._store.ratings.progress(evaluation, rater)

    def win_rates(self, evaluation: str) -> pl.DataFrame:
        """Return the win rate of each pair of variants that was rated, with interval."""
        from pipelines.rating.win_rate import win_rate

        ratings, groups = self._store.ratings.ratings(evaluation), groups_of(self._store, evaluation)
        rows = []
        for variant, against in _rated_pairs(ratings):
            rate = win_rate(ratings, variant, against, groups=groups)
            rows.append({name: getattr(rate, name) for name in _WIN_RATE})
        return pl.DataFrame(rows, schema=_WIN_RATE)

    def stopping(self, evaluation: str) -> list[Stopping]:
        """Tell for each rated pair of variants whether the ratings suffice, and how many more are needed if not."""
        from pipelines.rating.stopping import when_to_stop

        ratings, groups = self._store.ratings.ratings(evaluation), groups_of(self._store, evaluation)
        return [when_to_stop(ratings, *pair, groups=groups) for pair in _rated_pairs(ratings)]

    def length_controlled(self, evaluation: str) -> list[LengthControlled]:
        """Return each rated pair's win rate as it would be with answers of equal length; needs 100 prompts."""
        from pipelines.rating.length_control import length_controlled

        ratings = self._store.ratings.ratings(evaluation)
        outputs, groups = self._store.runs.outputs(evaluation), groups_of(self._store, evaluation)
        return [length_controlled(ratings, outputs, *pair, groups=groups) for pair in _rated_pairs(ratings)]

    def self_agreement(self, evaluation: str) -> pl.DataFrame:
        """Return how often each rater said the same of a pair that was shown twice; empty where none was yet."""
        from pipelines.rating.repeats import self_agreement

        return self_agreement(self._store.ratings.ratings(evaluation), self._store.ratings.repeats(evaluation))

    def raters(self, evaluation: str) -> pl.DataFrame:
        """Return each rater's votes, agreement with the others and left bias, and who stands out."""
        from pipelines.rating.raters import describe_raters

        return describe_raters(self._store.ratings.ratings(evaluation))

    def agreement(self, evaluation: str) -> dict[str, Any]:
        """Return how far raters agree; empty when fewer than two raters rated the same examples."""
        from pipelines.rating.agreement import agreement

        ratings = self._store.ratings.ratings(evaluation)
        if ratings["rater"].n_unique() < 2:
            return {}
        return asdict(agreement(ratings))

    def ratings(self, evaluation: str | None = None) -> pl.DataFrame:
        """Return what raters said, with the variants named."""
        return self._store.ratings.ratings(evaluation)


_WIN_RATE = pl.Schema(
    {
        "variant": pl.String,
        "against": pl.String,
        "wins": pl.Int64,
        "losses": pl.Int64,
        "ties": pl.Int64,
        "both_bad": pl.Int64,
        "win_rate": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "n": pl.Int64,
        "units": pl.Int64,
    }
)


def _rated_pairs(ratings: pl.DataFrame) -> list[tuple[str, str]]:
    """Name each pair of variants once, the one that sorts later first (tuned before base)."""
    pairs = {tuple(sorted((row["left"], row["right"]), reverse=True)) for row in ratings.iter_rows(named=True)}
    return sorted((first, second) for first, second in pairs)
