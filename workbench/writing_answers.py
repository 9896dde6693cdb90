"""Where raters found both answers bad, a person writes the right one, and it becomes a training candidate.

A written answer is imported like any example, from the source `written answers`, with where it comes from as metadata:

    {"repairs": "5f0c…", "evaluation": "evaluation-0002", "written_by": "ada"}

It starts undecided: review, duplicates, quality and the split judge it like the rest. It has the prompt of a held-out
example, so the next split puts the two on one side (they are one duplicate group). Prompts of any version's sealed test
split, and of what is kin to it, are never shown here and nothing is written for them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, Message, example_row, messages_of
from workbench.files import write_text
from workbench.preferences import closed_examples
from workbench.reviewing import check_messages
from workbench.store.imports import ImportRecord
from workbench.store.store import Store

SOURCE = "written answers"


@dataclass(frozen=True)
class BadAnswers:
    """A prompt to which all rated answers were bad: `answers` are those answers, `times` how often it was said."""

    example_id: str
    evaluation: str
    messages: list[Message]
    answers: list[str]
    reference: str
    times: int


class WritingAnswers:
    """The queue of prompts with bad answers only, and what people write for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def queue(self) -> list[BadAnswers]:
        """Return the prompts that wait for an answer, those most often found bad first.

        A prompt waits while a rater's "both bad" stands and no answer was written for it.
        """
        bad = self._store.ratings.ratings().filter(pl.col("choice") == "both_bad")
        done = self._store.ratings.written_answers(SOURCE)["repairs"].to_list()
        closed = closed_examples(self._store)
        bad = bad.filter(~pl.col("example_id").is_in([*done, *closed]))
        waiting = (
            bad.group_by("example_id")
            .agg(pl.col("evaluation").last(), pl.len().alias("times"), pl.col("left"), pl.col("right"))
            .sort(["times", "example_id"], descending=[True, False])
        )
        examples = {
            row["example_id"]: row
            for row in self._store.examples.with_ids(waiting["example_id"].to_list()).iter_rows(named=True)
        }
        texts = {
            (evaluation, variant, example_id): text
            for evaluation in waiting["evaluation"].unique()
            for variant, example_id, text in self._store.runs.outputs(evaluation).iter_rows()
        }
        found = []
        for row in waiting.iter_rows(named=True):
            example = examples.get(row["example_id"])
            if example is None:
                continue
            variants = sorted({*row["left"], *row["right"]})
            answers = [texts.get((row["evaluation"], variant, row["example_id"])) for variant in variants]
            told = list(dict.fromkeys(text for text in answers if text is not None))
            prompt = _prompt_of(example)
            found.append(
                BadAnswers(
                    row["example_id"], row["evaluation"], prompt, told, str(example["completion"]), int(row["times"])
                )
            )
        return found

    def write(self, example_id: str, answer: str, who: str) -> str:
        """Store the right answer to a waiting prompt as a training candidate; returns the new example's id.

        Raises:
            CurationError: the prompt does not wait for an answer (or is sealed), no text, the text is the reference
                or one of the bad answers, or the result would be a copy of a sealed example.
        """
        found = {waiting.example_id: waiting for waiting in self.queue()}.get(example_id)
        if found is None:
            raise CurationError(
                f"No answer is asked for {example_id}: nobody found all its answers bad, it was written, or it is in "
                "the sealed test split.",
                "Take an example of the queue: workbench write-answers PROJECT.",
            )
        text = answer.strip()
        if not text:
            raise CurationError("There is no answer to store.", "Write the right answer, or leave this prompt.")
        if text in {bad.strip() for bad in found.answers}:
            raise CurationError("This is one of the answers that were found bad.", "Write the right answer.")
        if text == found.reference.strip():
            raise CurationError(
                "This is the reference answer, which is in the data already.", "Leave this prompt, or write better."
            )
        messages: list[Message] = [*found.messages, {"role": "assistant", "content": text}]
        check_messages(messages)
        row = example_row(messages)
        new = str(row["example_id"])
        if self._store.browse.sealed_among([new]) or new in closed_examples(self._store):
            raise CurationError("This would be a copy of a sealed test example.", "Write another answer.")
        metadata = {"repairs": example_id, "evaluation": found.evaluation, "written_by": who}
        raw = json.dumps({"messages": messages, **metadata}, ensure_ascii=False)
        line = 1 + self._store.ratings.written_answers(SOURCE).height
        accepted = pl.DataFrame([row], schema=EXAMPLES).with_columns(
            line=pl.lit(line, pl.Int64), raw=pl.lit(raw), metadata=pl.lit(json.dumps(metadata, ensure_ascii=False))
        )
        record = ImportRecord(
            role="train",
            source=SOURCE,
            format="chat",
            file=f"{SOURCE} to {found.evaluation}",
            file_hash=hashlib.sha256(raw.encode()).hexdigest(),
            lines=1,
            accepted=1,
            rejected=0,
            mapping="{}",
        )
        rejected = pl.DataFrame(schema=_REJECTED)
        self._store.examples.add_import(record, accepted, rejected, self._store.now())
        return new

    def hand_out(self, out: Path) -> int:
        """Write the queue for people who write elsewhere: one JSON object a line, with an empty `answer` to fill in.

        Raises:
            CurationError: another ending than .jsonl, or nothing waits.
        """
        if out.suffix != ".jsonl":
            raise CurationError(f"The queue cannot be written to {out.name}.", "Give a name that ends in .jsonl.")
        waiting = self.queue()
        if not waiting:
            raise CurationError("No prompt waits for an answer.", "Rate answers first; choose 'both bad' where so.")
        rows = [
            {"example_id": one.example_id, "messages": one.messages, "bad_answers": one.answers, "answer": ""}
            for one in waiting
        ]
        write_text(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return len(waiting)

    def take_in(self, path: Path, who: str) -> tuple[int, list[str]]:
        """Read a file that `hand_out` wrote and people filled in; empty answers are left waiting.

        Returns:
            How many answers were stored, and for each line that was refused why.

        Raises:
            CurationError: the file cannot be read.
        """
        try:
            lines = path.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CurationError(f"{path.name} cannot be read: {error}.", "Give the file as UTF-8.") from error
        stored, refused = 0, []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row: Any = json.loads(line)
                example_id, answer = row["example_id"], row["answer"]
            except (ValueError, KeyError, TypeError, RecursionError):
                example_id = answer = None
            if not isinstance(example_id, str) or not isinstance(answer, str):
                refused.append(f"line {number}: no object with example_id and answer")
                continue
            if not answer.strip():
                continue
            try:
                self.write(example_id, answer, who)
                stored += 1
            except CurationError as error:
                refused.append(f"line {number}: {error.message}")
        return stored, refused


def _prompt_of(example: dict[str, Any]) -> list[Message]:
    messages = messages_of(example["messages"])
    return messages[:-1] if messages[-1]["role"] == "assistant" else messages


_REJECTED = pl.Schema(
    {"line": pl.Int64, "column": pl.Int64, "reason": pl.String, "remedy": pl.String, "raw": pl.String}
)
