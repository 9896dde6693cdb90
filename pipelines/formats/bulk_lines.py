r"""Reading many plain lines at once, with the same result as one by one.

Lines whose whole text matches a form (`bulk_grammar.py`) are grouped: the same speakers in the same order, the same
texts empty. In a group only the texts differ, and the shapes take texts as they are. So one row with marks in the place
of the texts goes through the ordinary reading, and what comes out (canonical form, prompt, metadata, …) is a template
for all lines of the group; or the reading refuses it, and the lines are left to be refused one by one.

The template of the line itself is kept as the line's *form*: of lines that are written canonically (no needless escape,
no decimal number), it gives the raw line back byte for byte, so that the raw text is not stored a second time.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import Any

import polars as pl

from pipelines.examples import CHARACTERS_A_TOKEN, EXAMPLES, example_row
from pipelines.formats.bulk_cut import Cut
from pipelines.formats.bulk_grammar import MARK_BEGIN, LineForm
from pipelines.formats.registry import Unfit

# The line's number, its raw text or the form to rebuild it from, and its metadata; of the examples, messages are null
# where system, prompt and completion say the same (`plain_messages`).
LINES = pl.Schema(
    [*EXAMPLES.items(), ("line", pl.Int64), ("raw", pl.String), ("form", pl.String), ("metadata", pl.String)]
)
# Reads one row in full: canonical messages, metadata and the shape's name; raises Unfit.
ReadRow = Callable[[dict[str, Any]], tuple[str, str, str]]

_UNESCAPED = {r"\"": '"', r"\\": "\\", r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\b": "\b", r"\f": "\f"}
# White space as Python counts it, raw and escaped; what holds nothing else is judged one by one.
_SPACE_UNITS = r"00(?:09|0[a-dA-D]|1[c-fC-F]|20|85|[aA]0)|1680|20(?:0[0-9aA]|2[89fF]|5[fF])|3000"
_BLANK = rf"^(?:\s|\\[nrtbf]|\\u(?:{_SPACE_UNITS}))+$"
# Control characters that have no short escape.
_RARE_CONTROL = r"[\x00-\x07\x0b\x0e-\x1f]"
_EMPTY_KIND, _BLANK_KIND = 1, 2
# Fewer lines of a kind cost less one by one.
FEWEST = 20
_HASHED_AT_ONCE = 2_000
# Private-use characters around a number: no shape gives them a meaning.
_MARK = MARK_BEGIN + "{}\ue001"
_MARKED = re.compile(MARK_BEGIN + "(\\d+)\ue001")
_MARKED_VALUE = re.compile(f'"{MARK_BEGIN}(\\d+)\ue001"')
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Bulk:
    """What became of the lines.

    Attributes:
        accepted: `LINES`, by group.
        shapes: number of accepted lines by the shape's name.
        left: positions of the lines that are to be read one by one.
    """

    accepted: list[pl.DataFrame]
    shapes: dict[str, int]
    left: list[pl.Series]


def read_cuts(
    cuts: Sequence[Cut], chosen: Callable[[pl.Series], pl.Series], number: int, form: LineForm, read_row: ReadRow
) -> Bulk:
    """Read lines that were cut.

    Args:
        cuts: lines of the form.
        chosen: gives the texts of rows, without line breaks.
        number: in the file, of row 0.
        form: whose pattern all of them match.
        read_row: the ordinary reading of one row.

    Returns:
        the accepted lines and those that are left; together all of them.
    """
    bulk = Bulk([], {}, [])
    for cut in cuts:
        for group, kinds in _groups(cut):
            try:
                if len(group.rows) < FEWEST or _BLANK_KIND in kinds:
                    raise _OneByOne
                template = _Template(_marked_row(group, kinds, form), form, len(kinds), read_row)
            except (_OneByOne, Unfit):
                bulk.left.append(group.rows)
                continue
            frame = template.fill(group, chosen, number)
            bulk.accepted.append(frame)
            bulk.shapes[template.shape] = bulk.shapes.get(template.shape, 0) + frame.height
    return bulk


def plain_messages(system: str, prompt: str, completion: str) -> str:
    """Return the canonical form of one question and its answer, after the system text where there is one."""
    first = f'{{"content":{encode_basestring(system)},"role":"system"}},' if system else ""
    question = f'{{"content":{encode_basestring(prompt)},"role":"user"}}'
    return f'[{first}{question},{{"content":{encode_basestring(completion)},"role":"assistant"}}]'


def raw_line(form: str, messages: list[dict[str, Any]], metadata: dict[str, Any]) -> str:
    """Rebuild a line from its form: marks before the messages' number stand for their texts, the others for metadata.

    Args:
        form: as `LINES` holds it: the names of the metadata columns and the line with marks, as JSON.
        messages: of the example.
        metadata: of the occurrence.
    """
    columns, line = json.loads(form)
    texts = [encode_basestring(message["content"]) for message in messages]
    values = [*texts, *(json.dumps(metadata[column], ensure_ascii=False) for column in columns)]
    return _MARKED_VALUE.sub(lambda mark: values[int(mark[1])], line)


class _OneByOne(Exception):  # noqa: N818 - a turning, not an error
    """These lines are not worth it, or not fit to be read together."""


def _groups(cut: Cut) -> list[tuple[Cut, tuple[int, ...]]]:
    """Part lines by speakers, by the kinds of their texts (returned beside them), and by their escapes."""
    series = {
        **{f"speaker{place}": speaker for place, speaker in enumerate(cut.speakers)},
        **{f"body{place}": body for place, body in enumerate(cut.bodies)},
        **{f"value{place}": value for place, value in enumerate(cut.metadata)},
    }
    # One question for all columns: each costs as much as some hundred lines.
    frame = pl.DataFrame({"at": cut.rows, "escapes": cut.escapes, **series}).with_columns(
        _kind(pl.col(f"body{place}")).alias(f"kind{place}") for place in range(len(cut.bodies))
    )
    kinds = [f"kind{place}" for place in range(len(cut.bodies))]
    keys = [*(name for name in series if name.startswith("speaker")), *kinds, "escapes"]
    groups = []
    for part in frame.partition_by(keys, maintain_order=True):
        group = Cut(
            part["at"],
            [part[f"speaker{place}"] for place in range(len(cut.speakers))],
            [part[f"body{place}"] for place in range(len(cut.bodies))],
            [part[f"value{place}"] for place in range(len(cut.metadata))],
            part["escapes"],
        )
        groups.append((group, tuple(part[name][0] for name in kinds)))
    return groups


def _kind(body: pl.Expr) -> pl.Expr:
    """Tell texts that are empty, and those that hold nothing but white space, from the others."""
    return (body == "").cast(pl.Int8) * _EMPTY_KIND + body.str.contains(_BLANK).cast(pl.Int8) * _BLANK_KIND


def _marked_row(cut: Cut, kinds: Sequence[int], form: LineForm) -> dict[str, Any]:
    """Return a row of the group with marks for its texts, then for its metadata."""
    texts = ["" if kind == _EMPTY_KIND else _MARK.format(place) for place, kind in enumerate(kinds)]
    values: dict[str, Any] = dict(zip(form.texts, texts, strict=False))
    if form.turns is not None:
        turns = []
        for speaker, text in zip(cut.speakers, texts[len(form.texts) :], strict=True):
            named = (speaker[0], text) if form.speaks_first else (text, speaker[0])
            turns.append(dict(zip(form.turn_keys, named, strict=True)))
        values[form.turns] = turns
    values |= {column: _MARK.format(len(kinds) + place) for place, column in enumerate(form.metadata)}
    return {column: values[column] for column in form.columns}


class _Template:
    """What the ordinary reading makes of a marked row."""

    def __init__(self, row: dict[str, Any], form: LineForm, texts: int, read_row: ReadRow) -> None:
        self._canonical, self._metadata, self.shape = read_row(row)
        messages = json.loads(self._canonical)
        self._example = example_row(messages)
        self._texts = texts
        parts = (str(self._example[name]) for name in ("system", "prompt", "completion"))
        self._plain = self._canonical == plain_messages(*parts)
        self._form = _line_with_places(row, form, messages, texts)

    def fill(self, cut: Cut, chosen: Callable[[pl.Series], pl.Series], number: int) -> pl.DataFrame:
        """Return `LINES` of a group, all of whose lines have the same kind of escapes."""
        frame = pl.DataFrame({"line": cut.rows + number})
        escapes = int(cut.escapes[0])
        bodies, texts = _bodies_and_texts(cut.bodies, escapes)
        values, exact = _canonical_values(cut.metadata, escapes, len(cut.rows))
        frame = frame.with_columns(
            *(body.alias(f"body{place}") for place, body in enumerate(bodies)),
            *(text.alias(f"text{place}") for place, text in enumerate(texts)),
            *(value.alias(f"body{self._texts + place}") for place, value in enumerate(values)),
        )
        names = ("system", "prompt", "completion")
        digests = _digests(frame, _filled(self._canonical, _MARKED, "body"))
        plain = pl.lit(self._plain)
        if escapes == 2:
            read = pl.concat_str(_filled(str(self._example[name]), _MARKED, "text") for name in names)
            plain &= ~read.str.contains(_RARE_CONTROL)
        messages = pl.when(plain).then(None).otherwise(_filled(self._canonical, _MARKED, "body"))
        frame = frame.select(
            "line",
            *(_filled(str(self._example[name]), _MARKED, "text").alias(name) for name in names),
            pl.lit(None, pl.String).alias("messages") if self._plain and escapes < 2 else messages.alias("messages"),
            _filled(self._metadata, _MARKED_VALUE, "body").alias("metadata"),
            turns=pl.lit(self._example["turns"], pl.Int32),
        )
        characters = pl.sum_horizontal(pl.col(name).str.len_chars() for name in names)
        rebuilt = exact & (self._form is not None and escapes < 2)
        raw = pl.lit(None, pl.String) if rebuilt.all() else pl.when(rebuilt).then(None).otherwise(chosen(cut.rows))
        return frame.with_columns(
            pl.Series("example_id", digests, pl.String),
            tokens=((characters + (CHARACTERS_A_TOKEN - 1)) // CHARACTERS_A_TOKEN).cast(pl.Int32),
            form=pl.when(rebuilt).then(pl.lit(self._form, pl.String)).otherwise(None),
            raw=raw,
        ).select(LINES.names())


def _line_with_places(row: dict[str, Any], form: LineForm, messages: list[dict[str, Any]], texts: int) -> str | None:
    """Return the form to rebuild lines from; None where their texts are not found again in the messages."""
    if form.ascii_keys and not all(column.isascii() for column in form.columns):
        return None
    contents = [message.get("content") for message in messages]
    places: dict[str, str] = {}
    for place in range(texts + len(form.metadata)):
        mark = _MARK.format(place)
        if place >= texts:
            places[mark] = _MARK.format(len(messages) + place - texts)
        elif mark in contents:
            places[mark] = _MARK.format(contents.index(mark))
    line = form.write(row)
    if any(mark not in places for mark in (found[0] for found in _MARKED.finditer(line))):
        return None
    return json.dumps([form.metadata, _MARKED.sub(lambda found: places[found[0]], line)], ensure_ascii=False)


def _digests(frame: pl.DataFrame, canonical: pl.Expr) -> list[str]:
    """Return the ids, some rows at a time: the canonical forms are large and not kept."""
    digests = []
    for part in frame.iter_slices(_HASHED_AT_ONCE):
        texts = part.select(canonical.cast(pl.Binary).alias("text"))["text"].to_list()
        digests += [blake2b(text, digest_size=16).hexdigest() for text in texts]
    return digests


def _filled(template: str, marked: re.Pattern[str], column: str) -> pl.Expr:
    """Return the template with its marks replaced by the columns of their numbers."""
    parts: list[pl.Expr] = []
    at = 0
    for found in marked.finditer(template):
        if found.start() > at:
            parts.append(pl.lit(template[at : found.start()]))
        parts.append(pl.col(f"{column}{found[1]}"))
        at = found.end()
    if at < len(template) or not parts:
        parts.append(pl.lit(template[at:]))
    return pl.concat_str(parts) if len(parts) > 1 else parts[0]


def _bodies_and_texts(bodies: list[pl.Series], escapes: int) -> tuple[list[pl.Series], list[pl.Series]]:
    """Return the texts as JSON writes them canonically, without quotation marks, and as they read."""
    if escapes == 0:
        return bodies, bodies
    if escapes == 1:
        return bodies, [body.str.replace_many(_UNESCAPED) for body in bodies]
    read = [[json.loads(f'"{body}"') for body in series] for series in bodies]
    written = [pl.Series([encode_basestring(text)[1:-1] for text in texts], dtype=pl.String) for texts in read]
    return written, [pl.Series(texts, dtype=pl.String) for texts in read]


def _canonical_values(values: list[pl.Series], escapes: int, rows: int) -> tuple[list[pl.Series], pl.Series]:
    """Write metadata values canonically; also tells for which lines all of them stood so already."""
    canonical = []
    exact = pl.repeat(True, rows, eager=True)
    for series in values:
        first = series.str.slice(0, 1)
        odd = (first == "[") | ((first != '"') & series.str.contains(".", literal=True))
        if escapes == 2:
            odd |= first == '"'
        if odd.any():
            at = odd.arg_true()
            written = [_ENCODER.encode(json.loads(value)) for value in series.gather(at)]
            series = series.scatter(at, written)
        canonical.append(series)
        exact &= ~odd
    return canonical, exact
