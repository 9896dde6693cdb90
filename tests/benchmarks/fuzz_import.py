"""Reads many hostile files and counts what becomes of them: each ends as lines, or is refused by a `CurationError`.

    python -m tests.benchmarks.fuzz_import --inputs 100000 --seed 0 --first 0

Input number n is the same for the same seed, so a failure is found again with `--first n --inputs 1`. Half of the
inputs are bytes (random ones, pieces of formats, and damaged copies of well-formed files of every format, packed ones
too), half are structures written as JSON Lines or arrays. For each: accepted + rejected = lines, reasons and remedies
are there, what is accepted is canonical, and of every fourth the same comes when lines are read many at a time.
Archives are opened too.
"""

import argparse
import bz2
import collections
import contextlib
import gzip
import io
import json
import lzma
import random
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import CurationError
from pipelines.examples import canonical_messages, messages_of
from pipelines.formats.archive import archive_kind, opened_files
from pipelines.formats.bulk_reading import Reading
from pipelines.formats.read import ReadSettings, read_file
from pipelines.formats.registry import FORMATS

READABLE = ["auto"] * 12 + [name for name, entry in FORMATS.items() if entry.can_read]
ROLES = ["train", "general", "test", "production"]
NORMALISED = [()] * 4 + [("unicode", "white-space", "keys")]
WORDS = [
    "user",
    "assistant",
    "system",
    "tool",
    "human",
    "gpt",
    "wizard",
    "",
    " ",
    "hello",
    "é",
    "e\u0301",
    "😀",
    "\ud800",
]
WORDS += ["\0", "\u2028", "\ufeff", "=1+1", "'", '"', "a,b", "\r\n", "\\", "<|im_start|>", "<|im_end|>", "NaN", "{}"]
WORDS += [
    "\n\nHuman: a\n\nAssistant: b",
    "<|im_start|>user\na<|im_end|>",
    '[{"role":"user","content":"a"}]',
    "x" * 3000,
]
COLUMNS = "messages prompt completion instruction input output conversations text question answer system history chosen"
NAMES = [*COLUMNS.split(), "rejected", "Prompt", "context", "data", "preferred_output", "non_preferred_output", "", "é"]
KEYS = ["role", "content", "from", "value", "weight", "tool_calls", "name", "Role", "function_call"]
PIECES = [bytes([byte]) for byte in b"\",\n\r{}[]:;\t\\'|\0\xff a1"] + [
    piece.encode()
    for piece in ("é", "\ufeff", "\\u", "d83d", "prompt", "completion", '"messages"', "NaN", "<|im_start|>user\n")
]
PIECES += [
    b'{"prompt": "a", "completion": "b"}\n',
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"PAR1",
    b"\xff\xfe",
    b"PK\x03\x04",
]


def value(chance: random.Random, depth: int = 0) -> Any:
    """Return any JSON value, and some that are none."""
    kind = chance.random()
    if kind < 0.35 or depth > 4:
        return chance.choice(WORDS)
    if kind < 0.6:
        numbers = [0, -1, 7, True, False, None, 1.5, 1e308, float("nan"), float("inf"), 10**25, 2**63]
        return chance.choice(numbers)
    if kind < 0.8:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(KEYS + NAMES): value(chance, depth + 1) for _ in range(chance.randrange(4))}


def turns(chance: random.Random) -> list[Any]:
    """Return something like a conversation."""
    made: list[Any] = []
    for _ in range(chance.randrange(5)):
        who, what = chance.choice([("role", "content"), ("from", "value")])
        turn: dict[str, Any] = {who: chance.choice(WORDS[:7]), what: chance.choice(WORDS)}
        if chance.random() < 0.3:
            turn[chance.choice(KEYS)] = value(chance)
        if chance.random() < 0.1:
            turn.pop(chance.choice(list(turn)))
        made.append(turn if chance.random() < 0.95 else value(chance))
    return made


def row(chance: random.Random) -> dict[str, Any]:
    """Return a row like those of some format, with faults."""
    if chance.random() < 0.5:
        shape = chance.choice([entry for entry in FORMATS.values()])
        made = json.loads(json.dumps(shape.example))
        for name in list(made):
            if chance.random() < 0.3:
                made[name] = chance.choice([value, turns])(chance)
    else:
        made = {chance.choice(NAMES): chance.choice([value, turns])(chance) for _ in range(chance.randrange(5))}
    if chance.random() < 0.3:
        made[chance.choice(NAMES)] = value(chance)
    return made


def structure(chance: random.Random) -> bytes:
    """Return rows as JSON Lines, as an array, spread over lines, or wrapped."""
    rows: list[Any] = [row(chance) for _ in range(chance.randrange(1, 6))]
    if chance.random() < 0.3:
        rows = [row(chance)] * 30 + rows  # enough of a kind to be read many at a time
        chance.shuffle(rows)
    if chance.random() < 0.2:
        rows.append(value(chance))
    ascii_only = chance.random() < 0.5
    way = chance.random()
    if way < 0.6:
        text = chance.choice(["\n", "\r\n", "\n\n"]).join(json.dumps(item, ensure_ascii=ascii_only) for item in rows)
    elif way < 0.8:
        text = json.dumps(rows, ensure_ascii=ascii_only, indent=chance.choice([None, 1, 2]))
    elif way < 0.9:
        text = "\n".join(json.dumps(item, ensure_ascii=ascii_only, indent=1) for item in rows)
    else:
        text = json.dumps({"version": 1, "data": rows}, ensure_ascii=ascii_only)
    encoding = chance.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
    return text.encode(encoding, "replace" if encoding == "cp1252" else "surrogatepass")


def well_formed() -> list[bytes]:
    """Return small files of every container, to be damaged."""
    table = pa.Table.from_pylist(
        [
            {
                "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
                "n": 1.5,
                "b": b"x",
            },
            {"messages": [{"role": "user", "content": "é"}], "n": None, "b": b""},
        ]
    )
    parquet, stream, file = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet)
    for sink, new in ((stream, pa.ipc.new_stream), (file, pa.ipc.new_file)):
        with new(sink, table.schema) as writer:
            writer.write_table(table)
    line = b'{"prompt": "a", "completion": "b"}\n'
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a/b.jsonl", line)
    with tarfile.open(fileobj=tarred, mode="w:gz") as tar:
        member = tarfile.TarInfo("a.jsonl")
        member.size = len(line)
        tar.addfile(member, io.BytesIO(line))
    chatml = b"<|im_start|>user\na\n\nb<|im_end|>\n<|im_start|>assistant\nc<|im_end|>\n"
    csv = b'prompt,completion\r\n"a, ""b""",c\r\nd,"e\nf"\r\n' * 3
    plain = [
        line * 3,
        b"[" + line + b"," + line + b"]",
        csv,
        csv.replace(b",", b"\t"),
        chatml * 2,
        b"where is it?\n" * 4,
    ]
    packed = [gzip.compress(line * 9), bz2.compress(line * 9), lzma.compress(line * 9)]
    packed.append(pa.compress(line * 9, codec="zstd", asbytes=True))
    return [
        *plain,
        *packed,
        parquet.getvalue(),
        stream.getvalue(),
        file.getvalue(),
        zipped.getvalue(),
        tarred.getvalue(),
    ]


def damaged(chance: random.Random, data: bytes) -> bytes:
    """Return the bytes with some changed, cut out, doubled or put in."""
    made = bytearray(data)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(made) + 1)
        way = chance.random()
        if way < 0.4 and at < len(made):
            made[at] = chance.randrange(256)
        elif way < 0.6:
            made = made[:at]
        elif way < 0.8:
            made[at:at] = chance.choice(PIECES)
        else:
            end = min(len(made), at + chance.randrange(30))
            made[at:end] = made[at:end] * chance.randrange(3)
    return bytes(made)


def input_number(number: int, seed: int, files: list[bytes]) -> tuple[bytes, dict[str, Any]]:
    """Return one input and the settings that it is read with."""
    chance = random.Random(f"{seed}/{number}")
    way = number % 8
    if way < 4:
        data = structure(chance)
        data = damaged(chance, data) if chance.random() < 0.2 else data
    elif way == 4:
        data = chance.randbytes(chance.randrange(300))
    elif way == 5:
        data = b"".join(chance.choices(PIECES, k=chance.randrange(40)))
    else:
        data = damaged(chance, chance.choice(files))
    if chance.random() < 0.05:
        data = damaged(chance, gzip.compress(data)) if chance.random() < 0.5 else gzip.compress(data)
    settings = {"format": chance.choice(READABLE), "role": chance.choice(ROLES), "normalise": chance.choice(NORMALISED)}
    if chance.random() < 0.1:
        settings["mapping"] = {chance.choice(["prompt", "completion", "messages", "text"]): chance.choice(NAMES)}
    if chance.random() < 0.1:
        settings["max_line_bytes"] = 100
    return data, settings


def check(path: Path, data: bytes, settings: dict[str, Any], together: bool) -> tuple[int, int]:
    """Read one input.

    Returns:
        accepted and rejected lines; (-1, 0) where the file as a whole is refused.

    Raises:
        Exception: anything but a `CurationError`, and an assertion that does not hold.
    """
    path.write_bytes(data)
    if archive_kind(path):
        with contextlib.suppress(CurationError), opened_files(path) as (_, found):
            assert found.files
    try:
        result = read_file(path, ReadSettings(**settings))
    except CurationError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.message
        assert refused.remedy
        return -1, 0
    accepted, rejected = result.accepted, result.rejected
    assert accepted.height + rejected.height == result.lines
    assert all(rejected["reason"].to_list())
    assert all(rejected["remedy"].to_list())
    assert all(column is None or column >= 1 for column in rejected["column"].to_list())
    for lines in (accepted["line"].to_list(), rejected["line"].to_list()):
        assert lines == sorted(lines)
    for messages, metadata in zip(accepted["messages"].to_list(), accepted["metadata"].to_list(), strict=True):
        assert canonical_messages(messages_of(messages)) == messages
        assert isinstance(json.loads(metadata), dict)
    if not together:
        return accepted.height, rejected.height
    reading = Reading(path, ReadSettings(**settings))
    blocks = list(reading.blocks())
    assert (reading.format, reading.lines, reading.warnings) == (result.format, result.lines, result.warnings)
    assert pl.concat([pl.Series(dtype=pl.Int64), *(block.accepted["line"] for block in blocks)]).equals(
        accepted["line"]
    )
    assert pl.concat([rejected.clear(), *(block.rejected for block in blocks)]).equals(rejected)
    return accepted.height, rejected.height


def main() -> int:
    """Run and print the counts; 1 when an input failed."""
    parser = argparse.ArgumentParser(description="Read many hostile files.")
    parser.add_argument("--inputs", type=int, default=2_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    chosen = parser.parse_args()
    warnings.simplefilter("error")
    files = well_formed()
    counts: collections.Counter[str] = collections.Counter()
    failed: list[int] = []
    began = time.perf_counter()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="fuzz-import-", dir=memory if memory.is_dir() else None) as folder:
        path = Path(folder) / "file"
        for number in range(chosen.first, chosen.first + chosen.inputs):
            data, settings = input_number(number, chosen.seed, files)
            try:
                accepted, rejected = check(path, data, settings, together=number % 4 == 0)
            except Exception:
                failed.append(number)
                if len(failed) <= 5:
                    print(f"input {number} {settings} {data[:300]!r}\n{traceback.format_exc()}", file=sys.stderr)
                continue
            counts["refused files" if accepted < 0 else "files read"] += 1
            counts["accepted lines"] += max(accepted, 0)
            counts["rejected lines"] += rejected
            if sys.stderr.isatty() and number % 1_000 == 0:
                print(f"\r{number:,}", end="", file=sys.stderr)
    seconds = time.perf_counter() - began
    print("| inputs | files read | files refused | lines accepted | lines rejected | failures | seconds |")
    print("|---|---|---|---|---|---|---|")
    shown = [counts[name] for name in ("files read", "refused files", "accepted lines", "rejected lines")]
    print(f"| {chosen.inputs:,} | {' | '.join(f'{count:,}' for count in shown)} | {len(failed)} | {seconds:.0f} |")
    figures = {"inputs": chosen.inputs, "first": chosen.first, "seed": chosen.seed, **counts}
    print(json.dumps({**figures, "failures": len(failed), "failed": failed[:20], "seconds": round(seconds, 1)}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
