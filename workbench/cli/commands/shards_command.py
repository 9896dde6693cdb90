"""`workbench shards FILE... --out DIR`."""

from pathlib import Path
from typing import Literal

import click

from workbench.cli.answer import json_option, progress_on_stderr, settings_given, tell


@click.command("shards")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results; a rerun goes on.")
@click.option(
    "--shards", default=8, show_default=True, type=click.IntRange(1, 4_096), help="Into how many the work is cut."
)
@click.option("--only", help="Of duplicates, scores, embeddings, clusters, joined by commas; all when not given.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or tasks of Ray (extra [ray]).",
)
@click.option("--address", help="Of a Ray cluster, such as 10.0.0.5:6379 or auto; else a Ray is started here.")
@click.option("--processes", type=click.IntRange(1), help="Worker processes here; one a processor when not given.")
@click.option("--set", "settings", multiple=True, metavar="STAGE.KEY=VALUE", help="Change a setting; repeatable.")
@json_option
def command(
    files: tuple[Path, ...],
    out: Path,
    shards: int,
    only: str | None,
    engine: Literal["local", "ray"],
    address: str | None,
    processes: int | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find duplicates, score, embed and cluster FILES larger than memory; on Ray too.

    Writes Parquet files under DIR. The same command on the same DIR goes on where it was stopped. Groups of duplicates
    are those of `workbench audit` without semantic ones; scores are those that need no other example.
    """
    from workbench.sharding import work_on_shards

    report = work_on_shards(
        list(files),
        out,
        shards=shards,
        only=[name.strip() for name in only.split(",")] if only else None,
        engine=engine,
        address=address,
        processes=processes,
        settings=settings_given(settings),
        progress=progress_on_stderr(),
    )
    lines = [
        f"{name}: {', '.join(f'{key} {value:,}' for key, value in figures.items() if isinstance(value, int))}"
        for name, figures in report.figures.items()
    ]
    lines += [f"computed {report.computed:,} outputs; the others were there", *report.warnings]
    tell(report.__dict__, lines, as_json=as_json)
