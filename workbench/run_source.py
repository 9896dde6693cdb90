"""The lines that a run is trained or validated on, as its method reads them: conversations, or preference pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.examples import messages_of
from workbench.pair_data import check_pairs, pair_rows
from workbench.run_data import Data, run_rows
from workbench.store.store import Store
from workbench.store.versions import VersionRecord


@dataclass(frozen=True)
class RunSource:
    """One side of a run's data: what the trainer reads, the example's id of each, and the lines of the data file."""

    ids: list[str]
    rows: list[Any]
    lines: list[str]


def run_source(store: Store, version: VersionRecord, split: str, data: Data, method: str) -> RunSource:
    """Return what a run of a method gets of the train or the validation split, in the order of the examples' ids.

    Raises:
        CurationError: preference training, and there is no pair to train on.
    """
    if method != "dpo":
        frame = run_rows(store, version, split, data)
        texts = frame["messages"].to_list()
        lines = [f'{{"messages":{text}}}\n' for text in texts]
        return RunSource(frame["example_id"].to_list(), [messages_of(text) for text in texts], lines)
    pairs = pair_rows(store, version, split, data)
    if split == "train" and not pairs.pairs:
        check_pairs(pairs, pair_rows(store, version, "validation", data))
    return RunSource(pairs.ids, list(pairs.pairs), pairs.lines)
