"""`workbench taste PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("taste")
@project_argument
@click.option("--show", default=5, show_default=True, type=click.IntRange(0, 1000), help="Likely problems to list.")
@json_option
def command(project: Path, show: int, as_json: bool) -> None:
    """Learn from what was kept and dropped in PROJECT what the reviewers would say of the rest; decides nothing.

    The scores are in the table `taste`; the review page's queue "Likely problems" shows the lowest first.
    """
    from workbench.project import Project

    with Project.open(project) as opened:
        reports = opened.tasting.learn(progress=progress_on_stderr())
        problems = opened.tasting.likely_problems(limit=show)
    lines = []
    for report in reports:
        lines.append(report.sentence)
        if report.error is not None:
            where = "decisions drawn at random" if report.measured_at_random else "all decisions, not drawn at random"
            lines.append(f"  calibration error {report.error:.3f}, measured on {where}")
        if report.drop_rate is not None:
            rate, low, high = report.drop_rate
            lines.append(f"  drop rate {rate:.0%} ({low:.0%} to {high:.0%}) of {report.at_random:,} drawn at random")
    for row in problems.iter_rows(named=True):
        lines.append(f"  {row['score']:.2f}  {' '.join(row['prompt'].split())[:70]}  [{row['reason']}]")
    tell({"taste": reports, "likely_problems": problems.to_dicts()}, lines, as_json=as_json)
