"""`workbench criteria PROJECT [--set FILE]`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("criteria")
@project_argument
@click.option(
    "--set",
    "file",
    type=click.Path(path_type=Path),
    help="Put the criteria of this JSON file in force: a list of {name, anchors}, five anchors each, worst first.",
)
@click.option("--who", default="command line", show_default=True, help="Name to write beside a change.")
@json_option
def command(project: Path, file: Path | None, who: str, as_json: bool) -> None:
    """Show the criteria that single answers of PROJECT are rated on, or change them; ratings stay with their wording.

    What --json prints can be edited and read back by --set.
    """
    from workbench.project import Project

    with Project.open(project) as opened:
        if file is not None:
            opened.rubric.set_criteria_from(file, who)
        version, criteria = opened.rubric.version(), opened.rubric.criteria()
        lines = [f"version {version}" if version else "the workbench's own criteria; the first rating stores them"]
        for criterion in criteria:
            lines.append(criterion.name)
            lines += [f"  {value} {anchor}" for value, anchor in enumerate(criterion.anchors, start=1)]
        figures = [criterion.model_dump(mode="json") for criterion in criteria]
        tell({"version": version, "criteria": figures}, lines, as_json=as_json)
