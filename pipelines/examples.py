"""The example: its schema, its canonical form and its id.

An example is a conversation of messages, immutable; its id is a hash of its canonical form, so that the same content
has the same id wherever it came from. A row, as stages see it:

    example_id  "5f0c…"  32 hex digits
    messages    '[{"content":"Where is my order?","role":"user"},{"content":"On its way.","role":"assistant"}]'
    system      ""                       text of the system messages before the first turn
    prompt      "Where is my order?"     the conversation before the last assistant message
    completion  "On its way."            the last message when the assistant speaks last, else ""
    turns       1                        number of assistant messages
    tokens      8                        estimate: a token is about four characters of English

Not covered: counting tokens exactly, which needs a model's tokenizer (`pipelines/training/data.py` does).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from pipelines.errors import CurationError

Message = dict[str, Any]

EXAMPLES = pl.Schema(
    {
        "example_id": pl.String,
        "messages": pl.String,
        "system": pl.String,
        "prompt": pl.String,
        "completion": pl.String,
        "turns": pl.Int32,
        "tokens": pl.Int32,
    }
)

# Characters a token in English text under common byte-pair vocabularies; an estimate for tables, never for limits.
CHARACTERS_A_TOKEN = 4

# Columns of imported files that hold a rejected answer.
REJECTED_COLUMNS = ("rejected", "non_preferred_output", "rejected_response", "rejected_message")


def canonical_messages(messages: Sequence[Mapping[str, Any]]) -> str:
    """Write messages as the one JSON text that their id is taken of: sorted keys, no blanks, no NaN.

    Args:
        messages: objects with at least `role` and `content`; the content is kept byte for byte.

    Raises:
        ValueError: a value that JSON cannot hold (NaN, infinity).
    """
    return json.dumps(
        [dict(message) for message in messages],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )


def example_id_of(canonical: str) -> str:
    """Hash a canonical form: BLAKE2b of 128 bits as 32 hex digits (lone surrogates are hashed as they stand)."""
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def text_of(content: object) -> str:
    """Return a message's text: a string as it is, of content parts the text ones joined by newlines, else ''."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in content)
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


def prompt_text(messages: Sequence[Message]) -> str:
    """Render the turns before the answer: a single user turn as its text, several as `role: text` lines."""
    turns = [message for message in messages if message.get("role") != "system"]
    if turns and turns[-1].get("role") == "assistant":
        turns = turns[:-1]
    if len(turns) == 1 and turns[0].get("role") == "user":
        return text_of(turns[0].get("content"))
    return "\n".join(f"{turn.get('role')}: {text_of(turn.get('content'))}" for turn in turns)


def example_row(messages: Sequence[Message]) -> dict[str, object]:
    """Return the row of one conversation, with the columns of `EXAMPLES`."""
    canonical = canonical_messages(messages)
    last = messages[-1] if messages else {}
    completion = text_of(last.get("content")) if last.get("role") == "assistant" else ""
    system = "\n".join(text_of(message.get("content")) for message in messages if message.get("role") == "system")
    prompt = prompt_text(messages)
    characters = len(system) + len(prompt) + len(completion)
    return {
        "example_id": example_id_of(canonical),
        "messages": canonical,
        "system": system,
        "prompt": prompt,
        "completion": completion,
        "turns": sum(message.get("role") == "assistant" for message in messages),
        "tokens": -(-characters // CHARACTERS_A_TOKEN),
    }


def examples_frame(conversations: Iterable[Sequence[Message]]) -> pl.DataFrame:
    """Build the frame of `EXAMPLES` from conversations, in their order; equal conversations stay several rows."""
    return pl.DataFrame([example_row(messages) for messages in conversations], schema=EXAMPLES)


def messages_of(canonical: str) -> list[Message]:
    """Read a canonical form back."""
    messages: list[Message] = json.loads(canonical)
    return messages


def check_columns(frame: pl.DataFrame, schema: pl.Schema, what: str) -> None:
    """Refuse a frame that lacks a column of the schema or has it in another type.

    Raises:
        CurationError: names the column, the type that is needed and the one that is there.
    """
    for name, dtype in schema.items():
        found = frame.schema.get(name)
        if found != dtype:
            raise CurationError(
                f"The {what} need a column '{name}' of type {dtype}; found {found or 'no such column'}.",
                "Build the frame with pipelines.examples.examples_frame.",
            )
