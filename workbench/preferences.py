"""Ratings as preference pairs for training (DPO), each with where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from workbench.files import write_text
from workbench.store.store import Store


@dataclass(frozen=True)
class PreferenceReport:
    """What was written, and what was left out: undecided prompts, and those of the sealed test split."""

    pairs: int
    undecided: int
    sealed: int


class Preferences:
    """Turns ratings into preference pairs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pairs(self) -> tuple[list[dict[str, Any]], PreferenceReport]:
        """Return pairs by prompt and variants: what most raters preferred, and what they preferred it to.

        A row: `{prompt: messages, chosen: messages, rejected: messages, example_id, evaluation, chosen_variant,
        rejected_variant, votes_for, votes_against, ties}`. Ties and prompts with as many votes for either are left out,
        and so is every example of any version's test split: it must never reach a trainer.
        """
        from pipelines.rating.ratings import with_winner

        ratings = self._store.ratings.ratings()
        if ratings.is_empty():
            return [], PreferenceReport(0, 0, 0)
        closed = closed_examples(self._store)
        rows = with_winner(ratings).with_columns(
            one=pl.min_horizontal("left", "right"), other=pl.max_horizontal("left", "right")
        )
        texts: dict[tuple[str, str, str], str] = {}
        for evaluation in rows["evaluation"].unique():
            for variant, example_id, text in self._store.runs.outputs(evaluation).iter_rows():
                texts[evaluation, variant, example_id] = text
        examples = {
            row["example_id"]: messages_of(row["messages"])
            for row in self._store.examples.with_ids(rows["example_id"].unique().sort().to_list()).iter_rows(named=True)
        }
        found, undecided, sealed = [], 0, 0
        keys = ("evaluation", "example_id", "one", "other")
        for (evaluation, example_id, one, other), votes in rows.group_by(keys, maintain_order=True):
            won = {name: int((votes["winner"] == name).sum()) for name in (one, other)}
            if example_id in closed:
                sealed += 1
                continue
            if won[one] == won[other]:
                undecided += 1
                continue
            chosen, rejected = (one, other) if won[one] > won[other] else (other, one)
            prompt = examples[example_id]
            prompt = prompt[:-1] if prompt[-1]["role"] == "assistant" else prompt
            answers = {
                side: [{"role": "assistant", "content": texts[evaluation, name, example_id]}]
                for side, name in (("chosen", chosen), ("rejected", rejected))
            }
            found.append(
                {
                    "prompt": prompt,
                    **answers,
                    "example_id": example_id,
                    "evaluation": evaluation,
                    "chosen_variant": chosen,
                    "rejected_variant": rejected,
                    "votes_for": won[chosen],
                    "votes_against": won[rejected],
                    "ties": votes.height - won[chosen] - won[rejected],
                }
            )
        return found, PreferenceReport(len(found), undecided, sealed)

    def write(self, out: Path) -> PreferenceReport:
        """Write the pairs as JSON Lines.

        Raises:
            CurationError: another ending than .jsonl, or nothing to write (the message says why).
        """
        if out.suffix != ".jsonl":
            raise CurationError(f"Pairs cannot be written to {out.name}.", "Give a name that ends in .jsonl.")
        rows, report = self.pairs()
        if not rows:
            raise CurationError(
                f"There is no preference to write: {report.undecided} undecided prompts, {report.sealed} of the sealed "
                "test split.",
                "Rate answers of an evaluation on the validation split.",
            )
        write_text(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return report


def closed_examples(store: Store) -> set[str]:
    """Return the ids of every example that any version's test split holds or is kin to: none may reach a trainer."""
    closed: set[str] = set()
    for record in store.versions.all_records():
        members = store.versions.members(record.number)
        closed |= set(members.filter(pl.col("split") == "test")["example_id"])
        closed |= set(store.versions.sealed_kin(record.number)["example_id"])
    return closed
