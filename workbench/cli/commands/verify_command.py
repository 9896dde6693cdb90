"""`workbench verify DIR`."""

import sys
from pathlib import Path

import click

from workbench.cli.answer import json_option, tell


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--base", default="", help="For an adapter: the base model as this machine knows it.")
@json_option
def command(folder: Path, base: str, as_json: bool) -> None:
    """Check an export or a hand-off in FOLDER: hashes and rows; a model is loaded and its answers are compared.

    Exit code 1 when something is missing, changed or answers otherwise.
    """
    from workbench.handing_off import verify_folder

    report = verify_folder(folder, base)
    lines = [f"{report.folder}: {report.kind}, {report.files:,} files", report.done]
    if report.same_answers is not None:
        lines.append(f"{report.same_answers} of {report.probes} greedy answers are the same")
    lines += [f"problem: {problem}" for problem in report.problems] or ["all as it was written"]
    tell({"verify": report, "passed": report.passed}, lines, as_json=as_json)
    if not report.passed:
        sys.exit(1)
