"""How fast is an import, against DuckDB's own `read_json` into a table of a new database file?

    python -m tests.benchmarks.import_speed [--rows 1000000] [--folder DIR] [--shapes]

Writes a chat file of so many lines (`chat_file.py`), unless the folder holds it already; then, each in a process of its
own and one after the other: the peer, our import into a new project through `project.importing.import_files`, and the
same import again. Prints seconds, the ratio to the peer, the peak memory of the process tree (PSS) and the size of the
database. With --shapes the other shapes and containers are imported too, with a tenth of the rows.
"""

import argparse
import csv
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.chat_file import conversations, write_chat_file
from tests.benchmarks.watched_process import run_watched

SHARE_OF_SHAPES = 10
RATIO_LIMIT, MEMORY_LIMIT = 1.5, 4.0


def main() -> None:
    """Measure and print a Markdown table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the files are written; a temporary one when not given")
    parser.add_argument("--shapes", action="store_true", help="import other shapes and containers too")
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one is not None:
        print(json.dumps(_ONE[chosen.one[0]](Path(chosen.one[1]), chosen.folder)))
        return
    with tempfile.TemporaryDirectory(prefix="import-speed-", dir=chosen.folder) as scratch:
        folder = chosen.folder or Path(scratch)
        rows = measure(_chat_file(folder, chosen.rows), Path(scratch))
        if chosen.shapes:
            rows += measure_shapes(Path(scratch), max(chosen.rows // SHARE_OF_SHAPES, 1))
    print(table(rows))
    print(json.dumps(summary(rows)))


def measure(path: Path, scratch: Path) -> list[dict[str, Any]]:
    """Return a row each for the peer, the import and the same import again."""
    return [
        {"what": title, "file": path.name, **_in_own_process(what, path, scratch)}
        for what, title in (("peer", "DuckDB read_json into a table"), ("import", "import"), ("import", "import again"))
    ]


def measure_shapes(scratch: Path, rows: int) -> list[dict[str, Any]]:
    """Return a row for each other shape or container of the same conversations."""
    return [
        {"what": f"import {path.name}", "file": path.name, **_in_own_process("import", path, scratch)}
        for path in write_shapes(scratch, rows)
    ]


def write_shapes(folder: Path, rows: int) -> list[Path]:
    """Write the same conversations in other shapes and containers."""
    import polars as pl

    blocks = [messages for block in conversations(rows, seed=1) for messages in block]
    pairs = [{"prompt": turns[-2]["content"], "completion": turns[-1]["content"]} for turns in blocks]
    speakers = {"system": "system", "user": "human", "assistant": "gpt"}
    told = [[{"from": speakers[turn["role"]], "value": turn["content"]} for turn in turns] for turns in blocks]
    written = {
        "pairs.jsonl": [json.dumps(pair, ensure_ascii=False) for pair in pairs],
        "sharegpt.jsonl": [json.dumps({"conversations": turns}, ensure_ascii=False) for turns in told],
        "with_metadata.jsonl": [
            json.dumps({"id": number, "messages": turns, "source": "wiki", "score": number / 7}, separators=(",", ":"))
            for number, turns in enumerate(blocks)
        ],
        "with_weights.jsonl": [json.dumps({"messages": [{**turn, "weight": 1} for turn in turns]}) for turns in blocks],
    }
    paths = []
    for name, lines in written.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        paths.append(folder / name)
    packed = folder / "chat.jsonl.gz"
    with gzip.open(packed, "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(json.dumps({"messages": turns}, ensure_ascii=False) + "\n" for turns in blocks)
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["prompt", "completion"])
        writer.writeheader()
        writer.writerows(pairs)
    pl.DataFrame(pairs).write_parquet(folder / "pairs.parquet")
    return [*paths, packed, folder / "pairs.csv", folder / "pairs.parquet"]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures and whether they keep within the limits."""
    peer, first, again = rows[:3]
    return {
        "rows": first["lines"],
        "ratio": round(first["seconds"] / peer["seconds"], 2),
        "ratio_again": round(again["seconds"] / peer["seconds"], 2),
        "added_again": again["new"],
        "peak_gib": first["peak_gib"],
        "within": first["seconds"] <= RATIO_LIMIT * peer["seconds"] and first["peak_gib"] < MEMORY_LIMIT,
        "measured": rows,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the Markdown table."""
    peer = rows[0]["seconds"] / max(rows[0]["lines"], 1)
    lines = [
        "| what | lines | new | rejected | seconds | lines/s | per line against the peer | peak GiB | database MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        each = row["seconds"] / max(row["lines"], 1)
        lines.append(
            f"| {row['what']} | {row['lines']:,} | {row['new']:,} | {row['rejected']:,} | {row['seconds']:.1f}"
            f" | {row['lines'] / row['seconds']:,.0f} | {each / peer:.2f} | {row['peak_gib']:.2f}"
            f" | {row['database_mb']:,} |"
        )
    return "\n".join(lines)


def _chat_file(folder: Path, rows: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("million.jsonl" if rows == 1_000_000 else f"chat-{rows}.jsonl")
    if not path.is_file():
        draft = path.with_suffix(".part")
        write_chat_file(draft, rows)
        draft.replace(path)
    return path


def _in_own_process(what: str, path: Path, scratch: Path) -> dict[str, Any]:
    """Run one measurement while watching the memory of its process and that one's children."""
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.import_speed",
        "--one",
        what,
        str(path),
        "--folder",
        str(scratch),
    ]
    output, gib = run_watched(command)
    return {**json.loads(output.splitlines()[-1]), "peak_gib": gib}


def _peer(path: Path, scratch: Path) -> dict[str, Any]:
    import duckdb

    target = scratch / "peer.duckdb"
    begin = time.perf_counter()
    connection = duckdb.connect(str(target))
    connection.execute("CREATE TABLE examples AS SELECT * FROM read_json($path)", {"path": str(path)})
    connection.close()
    seconds = time.perf_counter() - begin
    with duckdb.connect(str(target)) as connection:
        lines = connection.execute("SELECT count(*) FROM examples").fetchall()[0][0]
    megabytes = target.stat().st_size // 10**6
    target.unlink()
    return {"lines": lines, "new": lines, "rejected": 0, "seconds": seconds, "database_mb": megabytes}


def _import(path: Path, scratch: Path) -> dict[str, Any]:
    from workbench.project import DATABASE, Project

    folder = scratch / f"project-{path.name}"
    opened = Project.open if (folder / DATABASE).exists() else Project.create
    begin = time.perf_counter()
    # Opening and closing are part of the import, as they are of the peer's time.
    with opened(folder) as project:
        file = project.importing.import_files([path]).files[0]
    seconds = time.perf_counter() - begin
    return {
        "lines": file.lines,
        "new": file.new,
        "rejected": file.rejected,
        "seconds": seconds,
        "database_mb": (folder / DATABASE).stat().st_size // 10**6,
    }


_ONE: dict[str, Callable[[Path, Path], dict[str, Any]]] = {"peer": _peer, "import": _import}

if __name__ == "__main__":
    main()
