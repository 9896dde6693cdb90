"""Plain text: one prompt a line, as production logs often are.

    Where is my order?

Becomes the row `{"text": "Where is my order?"}`, so only production queries can be read this way: there is no answer.
"""

from collections.abc import Iterator

from pipelines.formats.registry import Format, Record, Unfit, register_format
from pipelines.formats.source import Source


@register_format
def text_lines() -> Format:
    """Describe plain text."""
    return Format(
        name="text",
        title="Plain text",
        description="One production query a line.",
        extensions=(".txt", ".log"),
        example={"text": "Where is my order?"},
        kind="container",
        read_records=read_text_lines,
    )


def read_text_lines(source: Source) -> Iterator[Record]:
    """Yield a record for every line that is not blank."""
    for line in source.lines():
        text = line.text.rstrip("\r")
        if line.problem is not None:
            yield Record(line.number, text, None, line.problem)
        elif "\0" in text:
            problem = Unfit("The line holds a NUL character.", "Remove it.", text.index("\0") + 1)
            yield Record(line.number, text, None, problem)
        elif text and not text.isspace():
            yield Record(line.number, text, {"text": text})
