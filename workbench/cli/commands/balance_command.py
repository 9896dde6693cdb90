"""`workbench balance PROJECT`."""

from pathlib import Path

import click

from pipelines.errors import CurationError
from workbench.cli.answer import json_option, project_argument, tell


@click.command("balance")
@project_argument
@click.option("--by", default="topic", show_default=True, help="What to group by: topic, cluster or source.")
@click.option("--cap", type=click.IntRange(1), help="Most examples a group keeps.")
@click.option("--quota", "quotas", multiple=True, metavar="GROUP=PERCENT", help="Share of what is left; repeatable.")
@click.option("--apply", "applied", is_flag=True, help="Drop what the proposal removes, as one batch.")
@click.option("--who", default="command line", show_default=True, help="Name to write beside the decisions.")
@json_option
def command(
    project: Path, by: str, cap: int | None, quotas: tuple[str, ...], applied: bool, who: str, as_json: bool
) -> None:
    """Show how PROJECT's examples lie over topics, and what a cap or quotas would do to every share."""
    from workbench.project import Project

    shares = dict(_quota(text) for text in quotas)
    if applied and cap is None and not shares:
        raise click.UsageError("--apply goes with --cap or --quota.")
    with Project.open(project) as opened:
        plan = opened.balancing.plan(by, cap, shares)
        lines = [
            f"{len(plan.removed):,} of {int(plan.effects['examples'].sum()):,} examples would go; effective number of"
            f" {by}s {plan.effective:.1f} -> {plan.effective_left:.1f}"
        ]
        for row in plan.effects.iter_rows(named=True):
            thin = "  thin" if row["thin"] else ""
            lines.append(
                f"  {row['share']:6.1%} -> {row['share_left']:6.1%}  {row['examples']:>7,} -> {row['left']:>7,}"
                f"  {row['group'][:60]}{thin}"
            )
        figures: dict[str, object] = {
            "by": by,
            "removed": len(plan.removed),
            "effective": plan.effective,
            "effective_left": plan.effective_left,
            "groups": plan.effects.to_dicts(),
        }
        if applied:
            done = opened.balancing.apply(who, by, cap, shares)
            figures["batch"] = done.batch
            lines.append(f"drop: {done.dropped:,} examples")
        tell(figures, lines, as_json=as_json)


def _quota(text: str) -> tuple[str, float]:
    group, equals, percent = text.rpartition("=")
    try:
        share = float(percent.strip().removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not equals or not 0 < share <= 1:
        raise CurationError(f"'{text}' is no quota.", "Write GROUP=PERCENT, such as 'orders, parcel=20'.")
    return group.strip(), share
