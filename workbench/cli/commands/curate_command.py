"""`workbench curate PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, settings_given, tell


@click.command("curate")
@project_argument
@click.option(
    "--only",
    help="Stages to run, joined by commas: embeddings, duplicates, coverage, personal-data, conflicts, quality,"
    " contamination, difficulty (asks the base model; runs only when it is named).",
)
@click.option("--set", "settings", multiple=True, metavar="STAGE.KEY=VALUE", help="Change a setting; repeatable.")
@json_option
def command(project: Path, only: str | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Run the stages over PROJECT's training examples; a stage whose input has not changed is skipped."""
    from workbench.project import Project

    chosen = [name.strip() for name in only.split(",")] if only else None
    with Project.open(project) as opened:
        report = opened.curation.curate(chosen, settings_given(settings), progress_on_stderr())
        lines = [_line(stage.stage, stage.figures, stage.seconds, stage.skipped) for stage in report.stages]
        suggestions = opened.curation.suggestion_counts()
        for suggestion, cause, examples, _ in suggestions.rows():
            lines.append(f"  {suggestion:<7}{examples:>7,}  {cause}")
        tell({"stages": report.stages, "suggestions": suggestions.to_dicts()}, lines, as_json=as_json)


def _line(stage: str, figures: dict[str, object], seconds: float, skipped: bool) -> str:
    shown = ", ".join(f"{name} {_short(value)}" for name, value in figures.items())
    return f"{stage:<14} {'unchanged' if skipped else f'{seconds:.1f} s':>9}  {shown}"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
