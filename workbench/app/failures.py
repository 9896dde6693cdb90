"""Failures and what to collect, in the shapes that the page draws."""

import json
from typing import Any

import polars as pl

from workbench.app.watching import finished, run_in_background, watch
from workbench.collecting import CollectView, FailureView
from workbench.collection_file import collection_csv
from workbench.jobs.background import task
from workbench.project import Project

ALL = "all"
_AGREES = {"output": "agrees with the wrong answer", "reference": "agrees with the reference", "neither": ""}


def csv_of(view: CollectView) -> str:
    """Return the list as CSV that no spreadsheet runs."""
    return collection_csv(view.rows)


def jsonl_of(view: CollectView) -> str:
    """Return the list as JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in view.rows.to_dicts())


def next_page(project: Project) -> tuple[str, str]:
    """Return where to go when there is nothing to collect: the page and the label of its button."""
    if project.overview.funnel().imported == 0:
        return "import", "Go to import"
    return "compare", "Go to compare"


def finding_sentences(project: Project, evaluation: str) -> list[str]:
    """Return the sentences of the slices on which a variant is bad or worse."""
    return project.collecting.slices(evaluation).filter(pl.col("finding"))["sentence"].to_list()


def moves(project: Project, evaluation: str) -> tuple[str | None, list[str]]:
    """Return the evaluation before, and what is said of the slices that moved since."""
    before, moved = project.collecting.moved(evaluation)
    return before, moved.filter(pl.col("moved") != "no evidence")["sentence"].to_list()


def moves_of_run(project: Project, run_id: str) -> tuple[str, list[str]] | None:
    """Return since which evaluation a run's slices are told, and the sentences on those that moved, computed once.

    None while that is computed, and where the run or none before it was compared.
    """
    evaluation = project.collecting.evaluation_of_run(run_id)
    if evaluation is None:
        return None
    key = f"moved-{run_id}-{evaluation}"
    if task(project, key) is None:
        work = "Looking for slices that moved"
        run_in_background(project, key, work, lambda progress: project.collecting.moved_of_run(run_id))
    found = finished(project, key)
    if found is None or found[0] is None:
        return None
    before, moved = found
    return before, moved.filter(pl.col("moved") != "no evidence")["sentence"].to_list()


def triage_key(evaluation: str, variant: str) -> str:
    """Name the background work that looks for training examples similar to a variant's failures."""
    return f"triage-{evaluation}-{variant}"


def start_triage(project: Project, evaluation: str, variant: str) -> None:
    """Look for training examples similar to a variant's failures in the background; what is stored comes at once."""
    run_in_background(
        project,
        triage_key(evaluation, variant),
        "Looking for similar training examples",
        lambda progress: project.collecting.triage(evaluation, variant, progress),
    )


def triage_under_way(project: Project, evaluation: str, variant: str) -> bool:
    """Start the triage of a variant the first time it is shown, and draw its progress; True while it runs."""
    key = triage_key(evaluation, variant)
    if task(project, key) is None:
        start_triage(project, evaluation, variant)
    return watch(project, key)


def cause_counts(project: Project, evaluation: str, variant: str) -> dict[str, str] | None:
    """Return cause -> what the choice says, most frequent first; empty where nothing fails, None without a triage."""
    triage = finished(project, triage_key(evaluation, variant))
    if triage is None:
        return None
    counts = triage.group_by("cause").len().sort(["len", "cause"], descending=[True, False])
    if counts.is_empty():
        return {}
    return {ALL: f"all ({counts['len'].sum():,})"} | {
        row["cause"]: f"{row['cause']} ({row['len']:,})" for row in counts.iter_rows(named=True)
    }


def count_of(counts: dict[str, str], cause: str) -> int:
    """Return how many failures a choice holds."""
    return int(counts[cause].rpartition("(")[2].rstrip(")").replace(",", ""))


def page_of(project: Project, evaluation: str, variant: str, cause: str, page: int, size: int) -> list[FailureView]:
    """Return one page of failures."""
    return project.collecting.failures(
        evaluation, variant, None if cause == ALL else cause, limit=size, offset=size * (page - 1)
    )


def side_by_side(view: FailureView) -> list[dict[str, Any]]:
    """Return the reference, the output and the most similar training answers, as texts to draw."""
    shown: list[dict[str, Any]] = [
        {"title": "reference", "text": view.reference},
        {"title": "output", "text": view.output},
    ]
    for row in view.similar[:3]:
        near = f"similarity {row['similarity']:.2f}" + ("" if row["near"] else ", not near")
        note = ", ".join(part for part in (near, _AGREES[row["agrees_with"]]) if part)
        shown.append(
            {
                "title": f"similar training example {row['rank']}",
                "text": f"{row['prompt']}\n\n→ {row['completion']}",
                "note": note,
            }
        )
    return shown
