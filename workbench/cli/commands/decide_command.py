"""`workbench decide PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell
from workbench.cli.rule_help import rule_help


@click.command("decide", epilog=rule_help())
@project_argument
@click.option("--action", required=True, type=click.Choice(["keep", "drop", "flag"]), help="What to decide.")
@click.option("--ids", "ids_file", type=click.Path(path_type=Path), help="A file with one example id a line.")
@click.option("--rule", help="Which examples: conditions joined by 'and'; see below.")
@click.option("--who", default="command line", show_default=True, help="Name to write beside the decisions.")
@click.option("--note", default="", help="Why.")
@json_option
def command(
    project: Path, action: str, ids_file: Path | None, rule: str | None, who: str, note: str, as_json: bool
) -> None:
    """Keep, drop or flag many examples of PROJECT as one batch; the app's undo takes it back."""
    from workbench.project import Project
    from workbench.rules import ids_in_file, read_rule

    if (ids_file is None) == (rule is None):
        raise click.UsageError("Give either --ids FILE or --rule TEXT.")
    with Project.open(project) as opened:
        if ids_file is not None:
            ids = ids_in_file(ids_file)
            opened.reviewing.decide(ids, action, who, note, origin=f"ids in {ids_file.name}")
            decided = len(ids)
        else:
            decided = opened.reviewing.decide_where(read_rule(rule or ""), action, who, note)
        tell({"action": action, "examples": decided}, [f"{action}: {decided:,} examples"], as_json=as_json)
