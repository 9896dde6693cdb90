"""`workbench versions PROJECT`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.answer import json_option, plain, project_argument, tell

if TYPE_CHECKING:
    from workbench.versions import VersionComparison, VersionView


@click.command("versions")
@project_argument
@click.option("--compare", nargs=2, metavar="OLD NEW", help="What was added, removed, edited, moved between two.")
@click.option("--name", nargs=2, metavar="VERSION NAME", help="Give a version another name.")
@click.option("--restore", metavar="VERSION", help="Go back to a version: a new one with its members; none is lost.")
@json_option
def command(
    project: Path, compare: tuple[str, str] | None, name: tuple[str, str] | None, restore: str | None, as_json: bool
) -> None:
    """List PROJECT's dataset versions, name one, compare two, or go back to one.

    A version is given by its number, its name, or the beginning of its hash.
    """
    from workbench.project import Project

    if sum(value is not None for value in (compare, name, restore)) > 1:
        raise click.UsageError("Give one of --compare, --name and --restore.")
    with Project.open(project) as opened:
        if compare is not None:
            comparison = opened.versions.compare(*compare)
            tell(_figures(comparison), _comparison_lines(comparison), as_json=as_json)
        elif name is not None:
            renamed = opened.versions.rename(*name)
            tell({"version": plain(renamed)}, [_line(renamed)], as_json=as_json)
        elif restore is not None:
            made = opened.versions.restore(restore)
            tell({"version": plain(made)}, [_line(made)], as_json=as_json)
        else:
            versions = opened.versions.all()
            tell({"versions": plain(versions)}, map(_line, versions), as_json=as_json)


def _line(version: "VersionView") -> str:
    counts = ", ".join(f"{split} {count:,}" for split, count in version.counts.items())
    mark = "*" if version.current else " "
    return (
        f"{mark}{version.number:>4}  {version.version}  {version.created_at:%Y-%m-%d %H:%M}  {counts}  {version.name}"
    )


def _figures(comparison: "VersionComparison") -> dict[str, Any]:
    return {
        "old": comparison.old,
        "new": comparison.new,
        "counts": comparison.counts,
        "changes": comparison.changes.to_dicts(),
        "by_source": comparison.by_source.to_dicts(),
        "by_cluster": comparison.by_cluster.to_dicts(),
    }


def _comparison_lines(comparison: "VersionComparison") -> list[str]:
    lines = [f"from {comparison.old.name} to {comparison.new.name}:"]
    lines += [f"  {change:<8}{count:>9,}" for change, count in comparison.counts.items()]
    for title, frame in (("source", comparison.by_source), ("cluster", comparison.by_cluster)):
        for row in frame.rows():
            counts = ", ".join(
                f"{kind} {count:,}" for kind, count in zip(frame.columns[1:], row[1:], strict=True) if count
            )
            lines.append(f"  {title} {row[0]}: {counts}")
    return lines
