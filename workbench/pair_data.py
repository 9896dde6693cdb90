"""What preference training learns from: pairs out of imported files and out of the project's ratings, by side.

A pair stands where its example stands in the split: training pairs train, validation pairs only validate, and nothing
of any version's test split is ever a pair. Ratings are of held-out examples: their pairs validate, unless a later split
has put the example on the training side.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.errors import CurationError
from pipelines.examples import REJECTED_COLUMNS, canonical_messages, messages_of
from workbench.preferences import Preferences, closed_examples
from workbench.run_data import Data, run_rows
from workbench.store.store import Store
from workbench.store.versions import VersionRecord

if TYPE_CHECKING:
    from pipelines.training.pairs import Pair


@dataclass(frozen=True)
class PairRows:
    """The pairs of one side, by example id; two lines that say the same are one pair."""

    ids: list[str]
    pairs: list[Pair]
    imported: int
    rated: int
    left_out: dict[str, int] = field(default_factory=dict)
    """Why rejected answers of imported files are no pair, with how many."""

    @property
    def lines(self) -> list[str]:
        """The pairs as lines of a run's data file."""
        return [
            f'{{"messages":{canonical_messages(pair.chosen)},"rejected":{canonical_messages(pair.rejected[-1:])}}}\n'
            for pair in self.pairs
        ]


def pair_rows(store: Store, version: VersionRecord, split: str, data: Data) -> PairRows:
    """Return the pairs of one side of the split.

    Args:
        store: of the project.
        version: whose split it is.
        split: train or validation.
        data: `curated`, pairs of examples that were kept; or `raw`, of everything that was imported.
    """
    from pipelines.exports.rows import rejected_of
    from pipelines.formats.registry import Unfit
    from pipelines.training.pairs import Pair

    closed = closed_examples(store)
    conversations = {
        example_id: messages_of(text)
        for example_id, text in run_rows(store, version, split, data).iter_rows()
        if example_id not in closed
    }
    found: dict[tuple[str, str, str], Pair] = {}
    reasons: Counter[str] = Counter()

    def add(example_id: str, pair: Pair) -> None:
        found.setdefault((example_id, canonical_messages(pair.chosen), canonical_messages(pair.rejected)), pair)

    for example_id, metadata in store.examples.lines_with_columns(REJECTED_COLUMNS).iter_rows():
        if (chosen := conversations.get(example_id)) is None:
            continue
        try:
            rejected = rejected_of(chosen, json.loads(metadata))
        except Unfit as unfit:
            reasons[unfit.reason] += 1
            continue
        add(example_id, Pair(chosen, [*chosen[:-1], *rejected]))
    imported = len(found)
    for row in Preferences(store).pairs()[0]:
        if row["example_id"] in conversations:
            pair = Pair([*row["prompt"], *row["chosen"]], [*row["prompt"], *row["rejected"]])
            add(row["example_id"], pair)
    told = sorted(found)
    return PairRows(
        [key[0] for key in told], [found[key] for key in told], imported, len(found) - imported, dict(reasons)
    )


def check_pairs(train: PairRows, validation: PairRows) -> None:
    """Refuse data without a pair to train on.

    Raises:
        CurationError: says what pairs there are, and how to get others.
    """
    if train.pairs:
        return
    why = "".join(
        f" {count:,} imported with a rejected answer are none: it {reason}." for reason, count in _most(train)
    )
    raise CurationError(
        f"There is no preference pair to train on; {len(validation.pairs):,} of the validation split"
        f" ({validation.rated:,} of them by ratings) can only validate.{why}",
        "Import pairs with the columns prompt, chosen and rejected, keep them and split again; pairs that"
        " `workbench preferences` wrote in another project can be imported too.",
    )


def _most(rows: PairRows) -> Sequence[tuple[str, int]]:
    return Counter(rows.left_out).most_common(3)
