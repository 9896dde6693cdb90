"""`workbench repair PROJECT`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.answer import json_option, project_argument, tell
from workbench.cli.rule_help import rule_help

if TYPE_CHECKING:
    from workbench.repairing import Change

# Characters of a text that a terminal line shows around what changes.
_AROUND = 30
_LONGEST = 160


@click.command("repair", epilog=rule_help())
@project_argument
@click.option("--find", required=True, metavar="TEXT", help="What to find: a text, or with --regex an expression.")
@click.option(
    "--replace", required=True, metavar="TEXT", help="What takes its place; with --regex, \\1 is the first group."
)
@click.option("--regex", is_flag=True, help="Read what to find as a regular expression in RE2's syntax.")
@click.option("--ignore-case", is_flag=True, help="Find it in upper and lower case.")
@click.option(
    "--where",
    type=click.Choice(["both", "prompt", "completion"]),
    default="both",
    show_default=True,
    help="The last answer (completion), what comes before it (prompt), or both.",
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(["system", "user", "assistant", "tool"]),
    help="Only messages of this role; repeatable.",
)
@click.option("--rule", help="Only examples like this: conditions joined by 'and'; see below.")
@click.option("--show", type=click.IntRange(0, 10), default=5, show_default=True, help="How many changes to show.")
@click.option("--apply", "apply_it", is_flag=True, help="Make the changes; without it nothing is stored.")
@click.option("--who", default="command line", show_default=True, help="Name to write beside the edits.")
@click.option("--note", default="", help="Why.")
@json_option
def command(
    project: Path,
    find: str,
    replace: str,
    regex: bool,
    ignore_case: bool,
    where: str,
    roles: tuple[str, ...],
    rule: str | None,
    show: int,
    apply_it: bool,
    who: str,
    note: str,
    as_json: bool,
) -> None:
    """Find and replace in the examples of PROJECT: tell what would change, and with --apply change it.

    Each change is an edit; the first text stays in the history. All of a repair is undone as one decision.
    """
    from workbench.project import Project
    from workbench.repairing import RepairSettings
    from workbench.reviewing import Filter
    from workbench.rules import read_rule
    from workbench.settings import checked_settings

    values = {"find": find, "replace": replace, "regex": regex, "match_case": not ignore_case, "where": where}
    settings = checked_settings(RepairSettings, {**values, "roles": roles}, "find and replace")
    chosen = Filter() if rule is None else read_rule(rule)
    with Project.open(project) as opened:
        preview = opened.repairing.preview(chosen, settings)
        shown = preview.first[:show]
        figures = {"searched": preview.searched, "changed": preview.changed, "refused": preview.refused}
        lines = [line for change in shown for line in _lines(change)]
        if apply_it:
            done = opened.repairing.apply(chosen, settings, who, note)
            figures |= {"changed": done.changed, "refused": done.refused}
            lines.append(f"Replaced in {done.changed:,} of {preview.searched:,} examples.")
            if done.batch is not None:
                lines.append(f"Undo: workbench history {project} {preview.first[0].example_id} --undo {done.batch}")
        else:
            done = None
            lines.append(f"Would change {preview.changed:,} of {preview.searched:,} examples; --apply does it.")
        if figures["refused"]:
            lines.append(f"{figures['refused']:,} stay as they are: they would be empty, or copies of sealed examples.")
        told = {**figures, "applied": apply_it, "batch": done.batch if done else None, "first": shown}
        tell(told, lines, as_json=as_json)


def _lines(change: "Change") -> list[str]:
    """Show the first place where a change's texts differ, before and after, a line each."""
    before, after = change.before, change.after
    first = next(
        (at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new),
        min(len(before), len(after)),
    )
    start = max(first - _AROUND, 0)
    return [change.example_id, f"  - {_plain(before, start)}", f"  + {_plain(after, start)}"]


def _plain(text: str, start: int) -> str:
    """Cut a text out for one line of a terminal, which must not read signs in it as commands."""
    cut = text[start : start + _LONGEST]
    told = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in cut)
    return f"{'…' if start else ''}{told}{'…' if start + _LONGEST < len(text) else ''}"
