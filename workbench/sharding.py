"""Work on files that are larger than memory: shards in, shards out, on this machine or on Ray.

    OUT/run.json                 the files, the number of shards, the settings: what a rerun must have in common
    OUT/examples/parts/N/        examples in order of preference, and where each stood
    OUT/rejected/                lines that could not be read
    OUT/duplicates/              pairs, groups, and what becomes of each line
    OUT/scores/  OUT/embeddings/  OUT/clusters/

Each of these folders has `done.json` once it is whole; until then `work` in it holds what lies between. The same
command on the same folder goes on where it was stopped.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.files import write_text
from workbench.stages import stage_settings

if TYPE_CHECKING:
    from pipelines.engine.executor import LocalExecutor
    from pipelines.engine.ordering import Parts
    from pipelines.engine.ray_executor import RayExecutor
    from pipelines.engine.stages import Stages

Engine = Literal["local", "ray"]
RESULTS = ("duplicates", "scores", "embeddings", "clusters")
_SETTINGS = {"duplicates": "duplicates", "scores": "quality", "embeddings": "embeddings", "clusters": "coverage"}
# Raised when the stages' code changes what they would answer: shards of another one are not mixed with it.
_VERSION = 1


@dataclass(frozen=True)
class ShardReport:
    """What was found: figures by result, how many outputs this run computed, and what a person should look at."""

    figures: dict[str, dict[str, Any]]
    computed: int
    warnings: list[str]


def work_on_shards(
    files: Sequence[Path],
    out: Path,
    *,
    shards: int = 8,
    only: Sequence[str] | None = None,
    engine: Engine = "local",
    address: str | None = None,
    processes: int | None = None,
    settings: Mapping[str, object] | None = None,
    progress: Progress = no_progress,
) -> ShardReport:
    """Find duplicates, score, embed and cluster the examples of files, shard by shard.

    Args:
        files: training examples in any format that can be read, of different names.
        out: folder for the results; of an earlier run on the same files with the same settings, or new.
        shards: into how many the work is cut; more need less memory each.
        only: of `RESULTS`; all when not given.
        engine: where the work is done.
        address: of a Ray cluster; a Ray is started on this machine where it is None.
        processes: on this machine; as many as it has processors when not given.
        settings: such as {"duplicates.near_threshold": 0.7}.
        progress: told how far it is; what is finished stays when it raises `Cancelled`.

    Raises:
        CurationError: a file that cannot be read, two files of one name, an unknown result or setting, a folder that
            holds another run, an engine that is not there, a worker that died.
    """
    from pipelines.engine import clustering, duplicates, embedding, ordering, reading, scoring
    from pipelines.engine.stages import Stages

    wanted = _wanted(only)
    chosen = stage_settings(settings or {})
    _check_record(files, out, shards, {name: chosen[_SETTINGS[name]].model_dump(mode="json") for name in wanted})
    counts = {
        "duplicates": duplicates.STAGES,
        "scores": scoring.STAGES,
        "embeddings": embedding.STAGES,
        "clusters": clustering.STAGES,
    }
    total = reading.STAGES + ordering.STAGES + sum(counts[name] for name in wanted)
    with _executor(engine, address, processes) as executor:
        stages = Stages(executor, total, progress)
        figures = {"examples": _once(out / "examples", partial(_read, files, shards, out, stages))}
        parts = _parts(out)
        for name in wanted:
            figures[name] = _once(out / name, partial(_WORK[name], parts, chosen, out, stages))
    progress(1.0, f"Wrote the results to {out}")
    del figures["examples"]["offsets"]
    return ShardReport(figures, stages.computed, figures["examples"].pop("warnings"))


def _wanted(only: Sequence[str] | None) -> list[str]:
    for name in only or ():
        if name not in RESULTS:
            raise CurationError(f"There is no result '{name}'.", f"Choose among: {', '.join(RESULTS)}.")
    names = set(only or RESULTS)
    if "clusters" in names:
        names.add("embeddings")
    return [name for name in RESULTS if name in names]


def _executor(
    engine: Engine, address: str | None, processes: int | None
) -> AbstractContextManager[LocalExecutor | RayExecutor]:
    count = processes or os.cpu_count() or 1
    if engine == "ray":
        from pipelines.engine.ray_executor import RayExecutor

        return RayExecutor(count, address)
    if address is not None:
        raise CurationError("An address is for Ray.", "Add --engine ray, or leave the address out.")
    from pipelines.engine.executor import LocalExecutor

    return LocalExecutor(count)


def _check_record(files: Sequence[Path], out: Path, shards: int, settings: dict[str, Any]) -> None:
    """Record what the run is about, or compare it with what an earlier run recorded in the same folder."""
    names = [path.name for path in files]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise CurationError(
            f"Two of the files are named {repeated[0]}.", "Rename one: lines are told by file and line."
        )
    stand: dict[str, dict[str, int]] = {}
    for path in sorted(files):
        if not path.is_file():
            raise CurationError(f"There is no file {path}.", "Name files; unpack archives first.")
        status = path.stat()
        stand[path.name] = {"bytes": status.st_size, "changed": status.st_mtime_ns}
    record: dict[str, Any] = {"version": _VERSION, "files": stand, "shards": shards, "settings": settings}
    known = out / "run.json"
    if known.is_file():
        before = json.loads(known.read_text("utf-8"))
        shared = {name: before["settings"].get(name, own) for name, own in settings.items()}
        if before != {**record, "settings": before["settings"]} or shared != settings:
            raise CurationError(
                f"{out} holds the shards of another run: other files, settings or number of shards.",
                "Choose another folder, or delete this one.",
            )
        record["settings"] = {**before["settings"], **settings}
    elif out.is_dir() and any(out.iterdir()):
        raise CurationError(f"{out} holds other files.", "Choose a folder that is new or empty.")
    write_text(known, json.dumps(record, indent=1))


def _once(folder: Path, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do a piece of work unless it is done, and clear what lay between."""
    done = folder / "done.json"
    if not done.is_file():
        figures = work()
        write_text(done, json.dumps(figures, indent=1))
        for draft in folder.rglob(".*.part"):  # of a worker that was killed
            shutil.rmtree(draft, ignore_errors=True) if draft.is_dir() else draft.unlink(missing_ok=True)
    shutil.rmtree(folder / "work", ignore_errors=True)
    figures = json.loads(done.read_text("utf-8"))
    return dict(figures)


def _read(files: Sequence[Path], shards: int, out: Path, stages: Stages) -> dict[str, Any]:
    import polars as pl

    from pipelines.engine.ordering import put_in_order
    from pipelines.engine.reading import read_shards
    from pipelines.engine.shard_files import write_frame

    folder = out / "examples"
    read = read_shards(files, shards, folder / "work" / "files", stages)
    for number, path in enumerate(read.rejected):
        write_frame(out / "rejected" / f"{number:05d}.parquet", pl.read_parquet(path))
    if not read.accepted:
        raise CurationError("The files hold no training example.", f"See why in {out / 'rejected'}.")
    parts = put_in_order(read.paths, shards, folder, stages)
    return {
        "lines": read.accepted + read.rejected_lines,
        "accepted": read.accepted,
        "rejected": read.rejected_lines,
        "examples": parts.rows,
        "offsets": parts.offsets.tolist(),
        "warnings": read.warnings,
    }


def _parts(out: Path) -> Parts:
    import numpy as np

    from pipelines.engine.ordering import Parts
    from pipelines.engine.stages import numbered

    offsets = json.loads((out / "examples" / "done.json").read_text("utf-8"))["offsets"]
    folders = [numbered(out / "examples" / "parts", number) for number in range(len(offsets) - 1)]
    return Parts(folders, np.array(offsets, dtype=np.int64))


def _duplicates(parts: Parts, settings: Mapping[str, Any], out: Path, stages: Stages) -> dict[str, Any]:
    import polars as pl

    from pipelines.engine.duplicates import find_duplicate_shards

    found = find_duplicate_shards(parts, settings["duplicates"], out / "duplicates", stages)
    pairs = pl.scan_parquet(found.pairs).select(pairs=pl.len(), guarded=pl.col("guarded").sum()).collect()
    own = pl.col("example_id") == pl.col("representative_id")
    groups = pl.scan_parquet(found.groups).select(groups=own.sum(), members=pl.len()).collect()
    lines = pl.scan_parquet(found.lines).select(kept=pl.col("keep").sum(), lines=pl.len()).collect()
    return {
        "groups": groups["groups"][0],
        "extra_examples": groups["members"][0] - groups["groups"][0],
        "pairs": pairs["pairs"][0],
        "alike_not_same": pairs["guarded"][0],
        "lines": lines["lines"][0],
        "lines_kept": lines["kept"][0],
    }


def _scores(parts: Parts, settings: Mapping[str, Any], out: Path, stages: Stages) -> dict[str, Any]:
    import polars as pl

    from pipelines.engine.scoring import score_shards

    scores = pl.scan_parquet(score_shards(parts, settings["quality"], out / "scores", stages))
    findings = scores.group_by("scorer").agg(pl.col("reason").count()).sort("scorer").collect()
    return {str(name): int(count) for name, count in findings.rows()}


def _embeddings(parts: Parts, settings: Mapping[str, Any], out: Path, stages: Stages) -> dict[str, Any]:
    from pipelines.engine.embedding import embed_shards

    files = embed_shards(parts, settings["embeddings"], out / "embeddings", stages)
    return {"examples": parts.rows, "files": len(files)}


def _clusters(parts: Parts, settings: Mapping[str, Any], out: Path, stages: Stages) -> dict[str, Any]:
    import polars as pl

    from pipelines.engine.clustering import cluster_shards

    vectors = sorted((out / "embeddings").glob("*.parquet"))
    files = cluster_shards(vectors, parts.rows, settings["coverage"], out / "clusters", stages)
    return {"clusters": int(pl.scan_parquet(files).select(pl.col("cluster_id").max()).collect().item()) + 1}


_WORK: dict[str, Callable[[Parts, Mapping[str, Any], Path, Stages], dict[str, Any]]] = {
    "duplicates": _duplicates,
    "scores": _scores,
    "embeddings": _embeddings,
    "clusters": _clusters,
}
