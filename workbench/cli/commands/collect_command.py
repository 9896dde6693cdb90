"""`workbench collect PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("collect")
@project_argument
@click.option("--evaluation", help="An evaluation on the validation split; the newest one when not given.")
@click.option("--variant", help="Whose failures count; the newest tuned one when not given.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the list for writers: FILE.csv or FILE.jsonl.")
@json_option
def command(project: Path, evaluation: str | None, variant: str | None, out: Path | None, as_json: bool) -> None:
    """Say what to collect next for PROJECT: gaps of coverage and failing slices, the most pressing first."""
    from workbench.project import Project

    with Project.open(project) as opened:
        view = opened.collecting.collect_next(evaluation, variant)
        if out is not None:
            opened.collecting.write(out, view)
        lines = [f"{row['place']:>3}. {row['description']}" for row in view.rows.iter_rows(named=True)]
        lines = lines or ["Nothing: no gap of coverage and no failing slice was found."]
        lines += [view.note] if view.note else []
        figures = {
            "evaluation": view.evaluation,
            "variant": view.variant,
            "collect": view.rows.to_dicts(),
            "note": view.note,
            "out": out,
        }
        tell(figures, lines, as_json=as_json)
