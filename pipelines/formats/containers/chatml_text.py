"""A text file of ChatML: conversations one after another, each over several lines.

    <|im_start|>user
    Hello<|im_end|>
    <|im_start|>assistant
    Hello.<|im_end|>

A conversation ends before the next system turn, at a blank line between two turns, and at `<|endoftext|>` or `</s>`.
Each becomes the row {"text": …}; its line is the first one. What the row holds is for the shape `chatml` to judge.
"""

from collections.abc import Iterator

from pipelines.formats.registry import Format, Record, Unfit, register_format
from pipelines.formats.shapes.chatml import END, START
from pipelines.formats.source import Line, Source

_ENDS = ("<|endoftext|>", "</s>")


@register_format
def chatml_text() -> Format:
    """Describe ChatML text files."""
    return Format(
        name="chatml-text",
        title="ChatML text",
        description="A text file of conversations in ChatML; a blank line or a system turn begins the next.",
        extensions=(".txt", ".chatml"),
        example={"text": "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"},
        kind="container",
        read_records=read_chatml_text,
    )


def read_chatml_text(source: Source) -> Iterator[Record]:
    """Yield a record for every conversation."""
    held: list[Line] = []
    size = 0
    inside = False  # a turn is open
    ended = False  # the conversation may end here
    for line in source.lines():
        text = line.text
        blank = not text or text.isspace()
        if blank and line.problem is None and not inside:
            ended = bool(held)
            continue
        if held and text.startswith(START) and (ended or text.startswith(f"{START}system")):
            yield _record(held, size, source)
            held, size = [], 0
        size += len(text)
        if size <= source.max_line_bytes or not held:
            held.append(line)
        ended = text.rstrip().endswith(_ENDS)
        if START in text or END in text:
            inside = text.rfind(START) > text.rfind(END)
    if held:
        yield _record(held, size, source, cut_off=inside)


def _record(lines: list[Line], size: int, source: Source, cut_off: bool = False) -> Record:
    raw = "\n".join(line.text for line in lines).removesuffix("\r")
    problem = next((line.problem for line in lines if line.problem is not None), None)
    if problem is None and size > source.max_line_bytes:
        problem = Unfit(
            f"The conversation has {size:,} characters, more than the limit of {source.max_line_bytes:,}.",
            "Split it, or raise max_line_bytes.",
        )
    if problem is None and cut_off and raw[raw.rfind(START) :].partition("\n")[2].strip():
        problem = Unfit(
            "The file ends within a turn: it is cut off.", f"Export it again, or close the turn with {END}."
        )
    return Record(lines[0].number, raw, None if problem else {"text": raw}, problem)
