"""Splitting and exporting in the background, and reading certificates and versions for people."""

from typing import Any

from pipelines.errors import CurationError
from pipelines.progress import Progress
from workbench.app.watching import run_in_background
from workbench.app.writing import folder_to_write
from workbench.exporting import ExportReport, FormatInfo
from workbench.project import Project
from workbench.settings import checked_settings
from workbench.splitting import SplitReport
from workbench.versions import CHANGES, VersionComparison, VersionView

SPLIT = "split"
EXPORT = "export"


def start_split(
    project: Project,
    train: int,
    validation: int,
    test: int,
    seed: int,
    include_pending: bool,
    *,
    key: str | None = None,
    by: str = "group",
    column: str | None = None,
    noise: bool = False,
) -> None:
    """Split in the background.

    Args:
        project: the project.
        train: per cent.
        validation: per cent.
        test: per cent.
        seed: of the split.
        include_pending: take undecided examples as kept.
        key: column whose equal values stay together.
        by: group, time, split or production.
        column: column of the time or of the split's name.
        noise: also make a second test set with production's noise.

    Raises:
        CurationError: the shares are no whole, or a column is missing.
    """
    if train + validation + test != 100:
        raise CurationError(
            f"The shares add up to {train + validation + test} per cent.", "Choose shares that add up to 100."
        )
    from pipelines.splitting.settings import SplitSettings

    shares = {"train": train / 100, "validation": validation / 100, "test": test / 100, "seed": seed}
    chosen = {"key": key or "", "by": by, "column": (column or "") if by in ("time", "split") else ""}
    settings = checked_settings(SplitSettings, {**shares, **chosen, "noise": noise}, "split")

    def work(progress: Progress) -> SplitReport:
        return project.splitting.split(settings, include_pending=include_pending, progress=progress)

    run_in_background(project, SPLIT, "Splitting", work)


def start_export(project: Project, folder: str, format: str) -> None:
    """Export in the background.

    Raises:
        CurationError: no folder is named, or a team shares the app and it is not one of the project's own.
    """
    out = folder_to_write(project, folder)

    def work(progress: Progress) -> ExportReport:
        return project.exporting.export(out, format, progress)

    run_in_background(project, EXPORT, "Exporting", work)


def format_notes(format: FormatInfo) -> str:
    """Return what a format is, what it leaves out, and that a trainer gets no test split."""
    notes = [format.description]
    if format.not_carried:
        notes.append(f"Leaves out, with the reason: {', '.join(format.not_carried)}.")
    if format.for_trainer:
        notes.append("The sealed test split is not handed over.")
    return " ".join(notes)


def file_rows(report: ExportReport) -> list[dict[str, Any]]:
    """Return the files that an export wrote, one row a split."""
    return [
        {"split": split, "file": path.name, "rows": rows, "sha256": sha256}
        for split, (path, rows, sha256) in report.files.items()
    ]


MEASURES = {
    "group": "in one duplicate group",
    "exact": "same prompt",
    "completion": "same long answer",
    "near": "words of the prompt",
    "rare": "rare words of the prompt",
    "cosine": "meaning of the prompt",
}


def certificate_rows(certificate: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was checked between the splits, one row a check."""
    return [
        {
            "between": f"{check.get('split_a')} and {check.get('split_b')}",
            "what is alike": MEASURES.get(str(check.get("measure")), check.get("measure")),
            "pairs": check.get("pairs_checked"),
            "alike from": check.get("threshold"),
            "found": check.get("found"),
            "most alike": check.get("highest"),
            "a leak": "yes" if check.get("decisive") else "for information",
        }
        for check in certificate.get("checks", [])
    ]


def version_rows(versions: list[VersionView]) -> list[dict[str, Any]]:
    """Return a table of versions, newest first."""
    return [
        {
            "number": version.number,
            "name": version.name,
            **version.counts,
            "made (UTC)": version.created_at,
            "version": version.version,
            "current": version.current,
        }
        for version in versions
    ]


def version_title(version: VersionView) -> str:
    """Return what a version is called in a list."""
    return f"{version.number}: {version.name}" + (" (current)" if version.current else "")


def comparison_parts(comparison: VersionComparison) -> dict[str, Any]:
    """Return the tables of a comparison by their titles; empty ones are left out."""
    tables = {"By source": comparison.by_source, "By cluster": comparison.by_cluster}
    return {title: table for title, table in tables.items() if not table.is_empty()}


def kinds_of_change(comparison: VersionComparison) -> list[str]:
    """Return the kinds of change that occur, the most frequent first."""
    found = [kind for kind in CHANGES if comparison.counts[kind]]
    return sorted(found, key=lambda kind: -comparison.counts[kind])
