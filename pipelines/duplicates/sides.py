"""Which side of an example is compared: prompt and completion, one of them, or the last question and its answer."""

import polars as pl

from pipelines.duplicates.settings import DuplicateSettings
from pipelines.examples import messages_of, text_of


def compared_side(examples: pl.DataFrame, settings: DuplicateSettings) -> pl.DataFrame:
    """Return the examples with what is not compared left empty.

    Args:
        examples: columns of `EXAMPLES`.
        settings: `side` says what is compared. Of "last-turn" the prompt is the last message of the user; where no
            user speaks it stays as it is.
    """
    empty = pl.lit("")
    if settings.side == "prompt":
        return examples.with_columns(completion=empty)
    if settings.side == "completion":
        return examples.with_columns(system=empty, prompt=empty)
    if settings.side == "last-turn":
        questions = [_last_question(*row) for row in examples.select("messages", "prompt").iter_rows()]
        return examples.with_columns(pl.Series("prompt", questions, dtype=pl.String), system=empty)
    return examples


def _last_question(messages: str, prompt: str) -> str:
    asked = [text_of(message.get("content")) for message in messages_of(messages) if message.get("role") == "user"]
    return asked[-1] if asked else prompt
