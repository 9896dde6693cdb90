"""Run the stages on plain files: a project that lives as long as the audit, and every result row with its line.

A line that occurs again, character for character, is the same example; the tables tell each of its lines apart, and
list the copies as exact duplicates.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress, part_of
from workbench.decontaminating import import_test_files
from workbench.files import replaced_file
from workbench.project import Project

BY_EXAMPLE = ("scores", "quality", "conflicts", "personal_data", "clusters")


@dataclass(frozen=True)
class AuditReport:
    """Rows of each table that was written, and the figures of each stage."""

    tables: dict[str, int]
    stages: dict[str, dict[str, object]]


def audit(
    files: Sequence[Path],
    out: Path,
    *,
    only: Sequence[str] | None = None,
    production: Path | None = None,
    test: Path | None = None,
    settings: Mapping[str, object] | None = None,
    progress: Progress = no_progress,
) -> AuditReport:
    """Run the stages on files and write each result table to `out/TABLE.jsonl`.

    Args:
        files: training examples in any format that can be imported.
        out: folder for the tables; made when it is not there, tables of the same names are replaced.
        only: names of stages; all when not given.
        production: production queries to find gaps against.
        test: held-out examples that must not be trained on, to look for contamination.
        settings: such as {"duplicates.near_threshold": 0.7}.
        progress: told how far it is.

    Raises:
        CurationError: a file that cannot be read, two files of one name, an unknown stage or setting, no training
            example at all.
    """
    names = [path.name for path in files]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise CurationError(
            f"Two of the files are named {repeated[0]}: the rows of the tables could not tell them apart.",
            "Rename one of them, or audit them one by one.",
        )
    with (
        tempfile.TemporaryDirectory(prefix="workbench-audit-") as folder,
        Project.create(Path(folder) / "p") as project,
    ):
        project.importing.import_files(list(files), "train", progress=part_of(progress, 0.0, 0.1))
        if production is not None:
            project.importing.import_files([production], "production", progress=part_of(progress, 0.1, 0.15))
        if test is not None:
            import_test_files(project.store, [test], part_of(progress, 0.1, 0.15))
        report = project.curation.curate(only, settings, part_of(progress, 0.15, 0.95))
        tables = _tables(project)
    for name, frame in tables.items():
        with replaced_file(out / f"{name}.jsonl") as draft:
            frame.write_ndjson(draft)
    progress(1.0, f"wrote {len(tables)} tables to {out}")
    return AuditReport(
        {name: frame.height for name, frame in tables.items()}, {stage.stage: stage.figures for stage in report.stages}
    )


def _tables(project: Project) -> dict[str, pl.DataFrame]:
    places = (
        project.tables.table("occurrences")
        .filter(pl.col("role") == "train")
        .select("example_id", "file", "line")
        .sort("file", "line")
    )
    tables = {name: _with_lines(project.tables.table(name), places) for name in BY_EXAMPLE}
    tables["quality"] = _without_copies(tables["quality"], places)
    tables["occurrences"] = project.tables.table("occurrences").drop("metadata")
    tables["rejected"] = project.tables.table("rejected")
    tables["gaps"] = project.tables.table("gaps")
    tables["contamination"] = _contamination(project, places)
    tables["duplicates"] = _duplicates(project.tables.table("duplicates"), places)
    tables["duplicate_pairs"] = _pairs(project.tables.table("duplicate_pairs"), places)
    return tables


def _contamination(project: Project, places: pl.DataFrame) -> pl.DataFrame:
    """Return a row a line and kind, with the file and line of the held-out example too."""
    tests = project.tables.table("occurrences").filter(pl.col("role") == "test").sort("file", "line")
    tests = tests.unique("example_id", keep="first", maintain_order=True)
    tests = tests.select(test_id="example_id", test_file="file", test_line="line")
    found = _with_lines(project.tables.table("contamination"), places)
    return found.join(tests, on="test_id", how="left", maintain_order="left")


def _with_lines(frame: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Repeat each row for every line on which its example occurs."""
    return frame.join(places, on="example_id", how="inner", maintain_order="left")


def _without_copies(quality: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Suggest dropping the lines that repeat an earlier one character for character."""
    copies = _copies(places).select("file", "line", "first_file", "first_line")
    marked = quality.join(copies, on=["file", "line"], how="left", maintain_order="left")
    copy = (pl.col("first_line") != pl.col("line")) | (pl.col("first_file") != pl.col("file"))
    again = pl.format("The same as line {} of {}.", "first_line", "first_file")
    return marked.with_columns(
        suggestion=pl.when(copy).then(pl.lit("drop")).otherwise("suggestion"),
        cause=pl.when(copy).then(pl.lit("Exact duplicate")).otherwise("cause"),
        reason=pl.when(copy).then(again).otherwise("reason"),
    ).drop("first_file", "first_line")


def _copies(places: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of examples that occur more than once: with the first line of each."""
    counted = places.with_columns(
        copies=pl.len().over("example_id"),
        first_file=pl.col("file").first().over("example_id"),
        first_line=pl.col("line").first().over("example_id"),
    )
    return counted.filter(pl.col("copies") > 1)


def _duplicates(duplicates: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Return a row a line: members of groups, and lines that repeat another character for character."""
    first = places.unique("example_id", keep="first", maintain_order=True)
    repeated = _copies(places)
    copies = repeated.filter((pl.col("line") != pl.col("first_line")) | (pl.col("file") != pl.col("first_file")))
    known = duplicates.select("example_id", "group_id", "representative_id", "kind", "similarity")
    members = known.join(first, on="example_id", how="inner")
    alone = repeated.join(known, on="example_id", how="anti").filter(
        (pl.col("line") == pl.col("first_line")) & (pl.col("file") == pl.col("first_file"))
    )
    exact = (
        pl.concat([alone, copies])
        .join(known, on="example_id", how="left", suffix="_known")
        .select(
            "example_id",
            group_id=pl.coalesce("group_id", "example_id"),
            representative_id=pl.coalesce("representative_id", "example_id"),
            kind=pl.lit("exact"),
            similarity=pl.lit(1.0),
            file="file",
            line="line",
        )
    )
    rows = pl.concat([members.select(exact.columns), exact]).sort("group_id", "file", "line")
    lines = first.select(representative_id="example_id", representative_file="file", representative_line="line")
    return rows.join(lines, on="representative_id", how="left", maintain_order="left").with_columns(
        is_representative=(pl.col("line") == pl.col("representative_line"))
        & (pl.col("file") == pl.col("representative_file"))
    )


def _pairs(pairs: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Return a row a pair of lines; the copies of a line are paired with its first one."""
    first = places.unique("example_id", keep="first", maintain_order=True)
    a = first.select(example_a="example_id", file_a="file", line_a="line")
    b = first.select(example_b="example_id", file_b="file", line_b="line")
    found = pairs.join(a, on="example_a", how="inner").join(b, on="example_b", how="inner")
    copies = _copies(places).filter((pl.col("line") != pl.col("first_line")) | (pl.col("file") != pl.col("first_file")))
    same = copies.select(
        example_a="example_id",
        example_b="example_id",
        kind=pl.lit("exact"),
        similarity=pl.lit(1.0),
        guarded=pl.lit(False),
        guard=pl.lit(None, pl.String),
        file_a="first_file",
        line_a="first_line",
        file_b="file",
        line_b="line",
    )
    return pl.concat([found.select(same.columns), same]).sort("file_a", "line_a", "file_b", "line_b")
