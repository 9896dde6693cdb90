"""How fast is an export as chat JSON Lines, against Polars' own `write_ndjson` of the same rows?

    python -m tests.benchmarks.export_speed [--rows 1000000] [--folder DIR]

Makes a project of so many synthetic examples (`million.py`), all of them kept, in one version whose splits are drawn by
id; no split or certificate is computed. Then, each in a process of its own and one after the other: the peer, which
writes a frame of messages that is there already, the peer with what it takes to get that frame from the project, and
our export, from the open project to the last file: reading, checking, data card, provenance, hashes and manifest.
Prints seconds, processor seconds, the ratios to both peers, and the peak memory of each process. Of two repeats the one
of less processor time counts.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from tests.benchmarks.million import make_million
from workbench.project import Project

RATIO_LIMIT = 2.0
REPEATS = 2


def main() -> None:
    """Measure and print a Markdown table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the project is made; a temporary one when not given")
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "PROJECT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one is not None:
        print(json.dumps(_ONE[chosen.one[0]](Path(chosen.one[1]))))
        return
    with tempfile.TemporaryDirectory(prefix="export-speed-", dir=chosen.folder) as scratch:
        folder = Path(scratch) / "project"
        make_version(folder, chosen.rows)
        rows = [best(what, folder) for what in ("peer", "reading-peer", "export")]
    print(table(rows))
    peer, reading, ours = rows
    figures = {
        "rows": ours["rows"],
        "ratio": round(ours["seconds"] / peer["seconds"], 2),
        "cpu_ratio": round(ours["cpu"] / peer["cpu"], 2),
        "ratio_with_reading": round(ours["seconds"] / reading["seconds"], 2),
        "cpu_ratio_with_reading": round(ours["cpu"] / reading["cpu"], 2),
        "peak_gib": ours["peak_gib"],
        "within_of_writing": ours["cpu"] <= RATIO_LIMIT * peer["cpu"],
        "within_of_reading_and_writing": ours["cpu"] <= RATIO_LIMIT * reading["cpu"],
    }
    print(json.dumps({**figures, "measured": rows}))


def make_version(folder: Path, rows: int) -> None:
    """Make a project with one version of all its examples, eight tenths of them in train."""
    with make_million(folder, rows) as project:
        ids = project.store.examples.with_role("train").select("example_id")
        place = pl.int_range(pl.len()) % 10
        split = (
            pl.when(place < 8)
            .then(pl.lit("train"))
            .when(place < 9)
            .then(pl.lit("validation"))
            .otherwise(pl.lit("test"))
        )
        members = ids.with_columns(split=split, group_id=pl.col("example_id"), included=pl.lit(True))
        project.store.versions.add(
            "synthetic", members, settings={"seed": 0}, certificate={}, notes=[], now=project.store.now()
        )


def best(what: str, folder: Path) -> dict[str, Any]:
    """Run one measurement several times, each in a process of its own; the one of least processor time counts."""
    command = [sys.executable, "-m", "tests.benchmarks.export_speed", "--one", what, str(folder)]
    found = []
    for _ in range(REPEATS):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return min(found, key=lambda row: float(row["cpu"]))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the Markdown table."""
    lines = ["| what | rows | MB | seconds | processor seconds | peak GiB |", "|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row['what']} | {row['rows']:,} | {row['megabytes']:,} | {row['seconds']:.2f} | {row['cpu']:.2f}"
            f" | {row['peak_gib']:.2f} |"
        )
    return "\n".join(lines)


def _measured(what: str, rows: int, begin: tuple[float, float], written: list[Path]) -> dict[str, Any]:
    return {
        "what": what,
        "rows": rows,
        "megabytes": sum(path.stat().st_size for path in written) // 10**6,
        "seconds": time.perf_counter() - begin[0],
        "cpu": time.process_time() - begin[1],
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def _peer(folder: Path, *, reading: bool = False) -> dict[str, Any]:
    kind = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    target = folder / "peer.jsonl"
    with Project.open(folder) as project:
        begin = time.perf_counter(), time.process_time()
        frame = project.store.examples.with_role("train").select(pl.col("messages").str.json_decode(kind))
        begin = begin if reading else (time.perf_counter(), time.process_time())
        frame.write_ndjson(target)
        title = "Polars reads, decodes and writes" if reading else "Polars write_ndjson"
        row = _measured(title, frame.height, begin, [target])
    target.unlink()
    return row


def _reading_peer(folder: Path) -> dict[str, Any]:
    return _peer(folder, reading=True)


def _export(folder: Path) -> dict[str, Any]:
    with Project.open(folder) as project:
        begin = time.perf_counter(), time.process_time()
        report = project.exporting.export(folder / "exports" / "chat")
        files = [path for path, _, _ in report.files.values()]
        row = _measured("export as chat", sum(rows for _, rows, _ in report.files.values()), begin, files)
    shutil.rmtree(folder / "exports")
    return row


_ONE: dict[str, Callable[[Path], dict[str, Any]]] = {
    "peer": _peer,
    "reading-peer": _reading_peer,
    "export": _export,
}

if __name__ == "__main__":
    main()
