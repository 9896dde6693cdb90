"""`workbench decide PROJECT`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.answer import json_option, project_argument, tell
from workbench.cli.rule_help import rule_help

if TYPE_CHECKING:
    from workbench.project import Project


@click.command("decide", epilog=rule_help())
@project_argument
@click.option("--action", required=True, type=click.Choice(["keep", "drop", "flag"]), help="What to decide.")
@click.option("--ids", "ids_file", type=click.Path(path_type=Path), help="A file with one example id a line.")
@click.option("--rule", help="Which examples: conditions joined by 'and'; see below.")
@click.option(
    "--worst",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    help="Drop so many per cent of the examples, lowest quality first; what a person kept is left alone.",
)
@click.option("--preview", is_flag=True, help="With --worst: show what it would remove, and decide nothing.")
@click.option("--who", default="command line", show_default=True, help="Name to write beside the decisions.")
@click.option("--note", default="", help="Why.")
@json_option
def command(
    project: Path,
    action: str,
    ids_file: Path | None,
    rule: str | None,
    worst: float | None,
    preview: bool,
    who: str,
    note: str,
    as_json: bool,
) -> None:
    """Keep, drop or flag many examples of PROJECT as one batch; the app's undo takes it back."""
    from workbench.project import Project
    from workbench.rules import ids_in_file, read_rule

    if [ids_file, rule, worst].count(None) != 2:
        raise click.UsageError("Give one of --ids FILE, --rule TEXT and --worst PERCENT.")
    if worst is None and preview:
        raise click.UsageError("--preview goes with --worst.")
    if worst is not None and action != "drop":
        raise click.UsageError("--worst goes with --action drop.")
    with Project.open(project) as opened:
        if worst is not None:
            _drop_worst(opened, worst / 100, who, preview=preview, as_json=as_json)
            return
        if ids_file is not None:
            ids = ids_in_file(ids_file)
            opened.reviewing.decide(ids, action, who, note, origin=f"ids in {ids_file.name}")
            decided = len(ids)
        else:
            decided = opened.reviewing.decide_where(read_rule(rule or ""), action, who, note)
        tell({"action": action, "examples": decided}, [f"{action}: {decided:,} examples"], as_json=as_json)


def _drop_worst(opened: "Project", share: float, who: str, *, preview: bool, as_json: bool) -> None:
    plan = opened.selecting.plan(share)
    count = len(plan.removed["worst"])
    lines = [f"{count:,} of {plan.pool:,} examples; as many chosen at random, or shortest first, stand beside them"]
    for way, means in plan.means.items():
        lines.append(f"  {way:<9} mean quality {means['quality']:.2f}, mean tokens {means['tokens']:.0f}")
    for row in plan.effects.iter_rows(named=True):
        removed = f"worst {row['worst']:,}, random {row['random']:,}, shortest {row['shortest']:,}"
        lines.append(f"  {row['by']} {row['group'][:50]}: {removed} of {row['examples']:,}")
    figures: dict[str, object] = {"examples": count, "pool": plan.pool, "means": plan.means}
    figures["effects"] = plan.effects.to_dicts()
    if preview:
        sample = opened.selecting.sample(plan).select("example_id", "quality", "reason", "prompt")
        lines += [f"  {row[1]:.2f}  {row[0][:8]}  {row[2]}" for row in sample.rows()]
        tell({**figures, "preview": True, "sample": sample.to_dicts()}, lines, as_json=as_json)
        return
    done = opened.selecting.drop(share, who)
    tell(
        {**figures, "action": "drop", "batch": done.batch},
        [*lines, f"drop: {done.dropped:,} examples"],
        as_json=as_json,
    )
