"""`workbench new PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("new")
@project_argument
@json_option
def command(project: Path, as_json: bool) -> None:
    """Make an empty project in the folder PROJECT."""
    from workbench.project import Project

    with Project.create(project) as made:
        tell({"project": made.folder}, [f"Made {made.folder}. Next: workbench import {project} FILE"], as_json=as_json)
