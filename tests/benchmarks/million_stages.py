"""What do the stages take on a project of a million examples, each by `workbench curate --only STAGE`?

    python -m tests.benchmarks.million_stages [--rows 1000000] [--stages embeddings,duplicates] [--folder DIR]

Examples are recombined (`duplicates_growth.py`): two to five sentences of Alpaca rows, the first one the prompt, one
of ten a near copy of an earlier one; besides, one in fifty as production queries. Embeddings are the fast encoder's, so
that the default one judges the semantic duplicates that it finds. Prints seconds, processor seconds, the peak of the
memory of the process and of its children, and what the stage says it found. The project stays in DIR and is used again.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.duplicates_growth import recombined_texts
from tests.benchmarks.public_data import tell
from tests.benchmarks.watched_process import run_watched
from workbench.project import Project

STAGES = ("embeddings", "duplicates", "coverage", "personal-data", "conflicts", "quality")
QUERIES_EVERY = 50


def main() -> None:
    """Make the project unless it is there, run the stages, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--stages", default=",".join(STAGES))
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="million-stages-") as scratch:
        folder = chosen.folder or Path(scratch) / "project"
        if not folder.exists():
            make_project(folder, chosen.rows)
        table, figures = [], []
        for stage in chosen.stages.split(","):
            row = run_stage(folder, stage)
            table.append((stage, row["seconds"], row["cpu_seconds"], row["gib"], json.dumps(row["found"])))
            figures.append({"stage": stage, **row})
            print(json.dumps(figures[-1]), file=sys.stderr, flush=True)
    tell(
        f"Stages of a project of {chosen.rows:,} recombined examples",
        ("stage", "seconds", "CPU-seconds", "GiB at the peak", "found"),
        table,
        {"rows": chosen.rows, "stages": figures},
    )


def make_project(folder: Path, rows: int) -> None:
    """Write the examples and the queries, and import both."""
    texts = recombined_texts(rows + rows // QUERIES_EVERY)
    with tempfile.TemporaryDirectory() as place, Project.create(folder) as project:
        for name, role, part in (("train", "train", texts[:rows]), ("queries", "production", texts[rows:])):
            path = Path(place) / f"{name}.jsonl"
            with path.open("w", encoding="utf-8") as file:
                for text in part:
                    prompt, _, answer = text.partition(". ")
                    row = {"prompt": prompt, "completion": answer or "Yes."} if role == "train" else {"prompt": prompt}
                    file.write(json.dumps(row) + "\n")
            project.importing.import_files([path], role=role)


def run_stage(folder: Path, stage: str) -> dict[str, Any]:
    """Run one stage as a person would, and watch the memory of its process and that one's children."""
    command = [sys.executable, "-m", "workbench.cli.main", "curate", str(folder), "--only", stage, "--json"]
    command += ["--set", "embeddings.encoder=fast"]
    began, before = time.perf_counter(), _children_seconds()
    output, gib = run_watched(command)
    told = json.loads(output.splitlines()[-1])
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(_children_seconds() - before, 1),
        "gib": gib,
        "found": next((one.get("figures") for one in told["stages"] if one["stage"] == stage), None),
    }


def _children_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


if __name__ == "__main__":
    main()
