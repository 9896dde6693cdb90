"""`workbench ab LOGFILE`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, tell


@click.command("ab")
@click.argument("logfile", type=click.Path(path_type=Path))
@click.option("--variant", help="The arm that is tried; of two, the one that sorts later when not given.")
@click.option("--against", help="The arm that it is held against.")
@click.option("--share", type=float, help="Share of users that were to get the tried arm (default 0.5).")
@click.option("--lower-is-better", is_flag=True, help="A lower outcome is the better one.")
@click.option("--alpha", type=float, help="Chance of calling a difference where there is none (default 0.05).")
@click.option(
    "--users-planned", type=int, help="Users at which the interval for many looks is narrowest (default 2000)."
)
@click.option("--variant-column", help="Column that holds the arm (default variant).")
@click.option("--outcome-column", help="Column that holds a number, or true and false (default outcome).")
@click.option("--time-column", help="Column that holds the time (default time).")
@click.option("--user-column", help="Column that holds who was served (default user).")
@json_option
def command(logfile: Path, lower_is_better: bool, as_json: bool, **given: object) -> None:
    """Compare two arms that ran in production from LOGFILE (CSV, JSON Lines, Parquet): one request a row."""
    from dataclasses import asdict

    from workbench.production import compare_arms

    chosen = {name: value for name, value in given.items() if value is not None}
    found = compare_arms(logfile, {**chosen, "lower_is_better": lower_is_better})
    days = found.days
    covered = ", ".join(f"{name[:3]} {count:,}" for name, count in days.weekdays.items())
    lines = [
        *(f"Warning: {warning}" for warning in found.warnings),
        f"{days.days} days, {days.first:%Y-%m-%d} to {days.last:%Y-%m-%d} (UTC); requests by weekday: {covered}",
        f"users as planned: chi-square p = {found.mismatch_p:.3g}",
        found.sentence,
    ]
    tell(asdict(found), lines, as_json=as_json)
