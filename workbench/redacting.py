"""Personal data out of the data in one press: redact, pseudonymise or drop, seen first, undone as one batch.

Meant are the training examples that stand in the data and are not dropped, and in them what the personal-data stage
found, and what their rejected answers hold, if they are preference pairs. Redacting and pseudonymising edit: the first
text stays in the project's history, which exports do not carry. The sealed test split is not touched, and no example is
made into the copy of a sealed one. What was found is written nowhere else: notes of the decisions name kinds and counts
only.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import Message, example_row, messages_of
from workbench.store.edits import ACTION_OF, Edit
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.quality.rejected_answers import RedactedAnswer

Way = Literal["redact", "pseudonymise", "drop"]
WAYS: tuple[Way, ...] = get_args(Way)
BATCH = 20_000
SHOWN = 5
_DONE = {"redact": "redacted", "pseudonymise": "pseudonymised", "drop": "dropped"}


@dataclass(frozen=True)
class Change:
    """One example, and its messages that hold personal data, before and after; `after` is '' where it is dropped."""

    example_id: str
    before: str
    after: str


@dataclass(frozen=True)
class RedactPreview:
    """What would be done.

    Attributes:
        kinds: kind, examples, places; most examples first.
        examples: how many examples would be changed or dropped.
        refused: examples that would become the copy of one in the sealed test split, and stay as they are.
        first: the first changes.
    """

    kinds: pl.DataFrame
    examples: int
    refused: int
    first: list[Change]


@dataclass(frozen=True)
class Redacted:
    """What was done; `batch` undoes it, None where there was nothing to do."""

    examples: int
    refused: int
    batch: int | None


@dataclass(frozen=True)
class _Redaction:
    edit: Edit
    change: Change


class Redacting:
    """Takes personal data out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def preview(self, way: Way, kinds: Sequence[str] = ()) -> RedactPreview:
        """Tell what a way would do, without changing an example.

        Args:
            way: redact, pseudonymise or drop.
            kinds: of personal data; all where none is named.

        Raises:
            CurationError: there is no such way or kind, or the personal-data stage has not run.
        """
        spans = self._spans(way, kinds)
        rejected = self._rejected(way, kinds)
        places = [(one.example_id, kind) for one in rejected for kind in one.kinds]
        named = pl.DataFrame(places, schema={"example_id": pl.String, "kind": pl.String}, orient="row")
        counts = (
            pl.concat([spans.select("example_id", "kind"), named])
            .group_by("kind")
            .agg(examples=pl.col("example_id").n_unique(), places=pl.len())
            .sort(["examples", "kind"], descending=[True, False])
        )
        first: list[Change] = []
        changed = {one.example_id for one in rejected}
        refused = 0
        for redactions, not_made in self._redactions(way, spans):
            changed |= {one.change.example_id for one in redactions}
            refused += not_made
            first += [one.change for one in redactions[: SHOWN - len(first)]]
        for one in rejected[: SHOWN - len(first)]:
            first.append(Change(one.example_id, one.text_before, "" if way == "drop" else one.text_after))
        return RedactPreview(counts, len(changed), refused, first)

    def apply(self, way: Way, who: str, kinds: Sequence[str] = ()) -> Redacted:
        """Do it, as one batch that is undone as one.

        Raises:
            CurationError: there is no such way or kind, or the personal-data stage has not run.
        """
        spans = self._spans(way, kinds)
        rejected = self._rejected(way, kinds)
        named = {*spans["kind"], *(kind for one in rejected for kind in one.kinds)}
        note = f"personal data {_DONE[way]}: {', '.join(sorted(named))}"
        now, origin = self._store.now(), "personal data"
        if way == "drop":
            ids = sorted({*spans["example_id"], *(one.example_id for one in rejected)})
            batch = self._store.decisions.append_same(ids, "drop", note, who, now, origin=origin) if ids else None
            return Redacted(len(ids), 0, batch)
        edits: list[Edit] = []
        refused = 0
        for redactions, not_made in self._redactions(way, spans):
            edits += [one.edit for one in redactions]
            refused += not_made
        edited = {edit.parent_id for edit in edits}
        others = sorted({one.example_id for one in rejected} - edited)
        made = self._store.edits.append(
            edits,
            who,
            now,
            note=note,
            origin=origin,
            rejected={one.key: one.after for one in rejected},
            rejected_of=others,
        )
        return Redacted(len(edits) + len(others), refused, made)

    def _spans(self, way: str, kinds: Sequence[str]) -> pl.DataFrame:
        """Return the places that are meant, of examples that stand: the columns of `personal_data`."""
        from pipelines.quality.personal_patterns import KINDS

        if way not in WAYS:
            raise CurationError(f"Personal data cannot be treated by '{way}'.", f"Choose one of: {', '.join(WAYS)}.")
        for kind in kinds:
            if kind not in KINDS:
                raise CurationError(
                    f"There is no kind of personal data named '{kind}'.", f"Choose among: {', '.join(KINDS)}."
                )
        if self._store.analysis.stage("personal-data") is None:
            raise CurationError(
                "Personal data was not looked for yet.", "Run the stage first: workbench curate, or Quality."
            )
        found = self._store.analysis.personal_data()
        if kinds:
            found = found.filter(pl.col("kind").is_in(list(kinds)))
        return found.join(self._standing(), on="example_id", how="semi", maintain_order="left")

    def _standing(self) -> pl.DataFrame:
        return self._store.browse.selectable().select("example_id").unique()

    def _rejected(self, way: Way, kinds: Sequence[str]) -> list[RedactedAnswer]:
        """Return what becomes of the rejected answers that hold personal data, by example."""
        from pipelines.quality.rejected_answers import redact_rejected
        from pipelines.quality.settings import PersonalDataSettings

        answers = self._store.rejected_answers.answers()
        if not answers:
            return []
        standing = set(self._standing()["example_id"])
        answers = [row for row in answers if row[0] in standing]
        ids = sorted({example_id for example_id, _, _ in answers})
        examples = self._store.examples.with_ids(ids).select("example_id", "messages")
        chosen = {example_id: messages_of(canonical) for example_id, canonical in examples.iter_rows()}
        ran = self._store.analysis.stage("personal-data")
        settings = PersonalDataSettings() if ran is None else PersonalDataSettings.model_validate_json(ran.settings)
        return redact_rejected(answers, chosen, self._written(way), settings, kinds)

    def _redactions(self, way: Way, spans: pl.DataFrame) -> Iterator[tuple[list[_Redaction], int]]:
        """Yield what is done to a batch of examples, and how many were refused, batch after batch."""
        ids = spans["example_id"].unique().sort().to_list()
        written = self._written(way)
        for first in range(0, len(ids), BATCH):
            rows = self._store.browse.rows(ids[first : first + BATCH])
            places = spans.filter(pl.col("example_id").is_in(rows["example_id"].implode())).partition_by(
                "example_id", as_dict=True
            )
            made = [
                _redaction(row, places[row["example_id"],], written)
                for row in rows.select("example_id", "messages", "state").iter_rows(named=True)
            ]
            sealed = self._store.browse.sealed_among([one.edit.child_id for one in made]) if way != "drop" else set()
            kept = [one for one in made if one.edit.child_id not in sealed]
            if way == "drop":
                kept = [_Redaction(one.edit, Change(one.change.example_id, one.change.before, "")) for one in made]
            yield kept, len(made) - len(kept)

    def _written(self, way: Way) -> Callable[[str, str], str]:
        from pipelines.quality.stand_ins import label, stand_in

        if way != "pseudonymise":
            return label
        key = bytes.fromhex(self._store.keys.pseudonym_key(secrets.token_hex(32)))
        return lambda kind, value: stand_in(kind, value, key)


def _redaction(row: dict[str, Any], spans: pl.DataFrame, written: Callable[[str, str], str]) -> _Redaction:
    from pipelines.quality.stand_ins import replace_spans

    messages = messages_of(row["messages"])
    before, after = [], []
    for (number,), places in spans.partition_by("message_index", as_dict=True, maintain_order=True).items():
        found = [(str(kind), int(start), int(end)) for kind, start, end in places.select("kind", "start", "end").rows()]
        for holder, key, offset in _texts(messages[int(number)]):
            text = holder[key]
            own = [(kind, start - offset, end - offset) for kind, start, end in found if start >= offset]
            holder[key] = replace_spans(text, own, written)
            if holder[key] != text:
                before.append(text)
                after.append(holder[key])
    change = Change(row["example_id"], "\n\n".join(before), "\n\n".join(after))
    return _Redaction(Edit(row["example_id"], example_row(messages), ACTION_OF[row["state"]]), change)


def _texts(message: Message) -> Iterator[tuple[Any, Any, int]]:
    """Yield where the texts of a message stand: the holder, the key in it, the offset in the message's whole text."""
    content = message.get("content")
    if isinstance(content, str):
        yield message, "content", 0
    elif isinstance(content, list):
        offset = 0
        for number, part in enumerate(content):
            text = part.get("text") if isinstance(part, dict) else part
            if isinstance(text, str):
                yield (part, "text", offset) if isinstance(part, dict) else (content, number, offset)
                offset += len(text) + 1
