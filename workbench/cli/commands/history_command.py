"""`workbench history PROJECT EXAMPLE_ID`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.answer import json_option, project_argument, tell

if TYPE_CHECKING:
    from workbench.history import HistoryEntry, MessageChange
    from workbench.project import Project


@click.command("history")
@project_argument
@click.argument("example_id")
@click.option("--diff", is_flag=True, help="Show what the last edit changed, beside the text before it.")
@click.option("--undo", metavar="DECISION", type=int, help="Take back the decision of that number in the history.")
@click.option("--restore", metavar="ID", help="Let that earlier text of the example stand again, as one more edit.")
@click.option("--who", default="command line", show_default=True, help="Name to write beside an undo or a restoring.")
@click.option("--note", default="", help="Why.")
@json_option
def command(
    project: Path,
    example_id: str,
    diff: bool,
    undo: int | None,
    restore: str | None,
    who: str,
    note: str,
    as_json: bool,
) -> None:
    """Tell what happened to an example of PROJECT: who, when, what, why; take any of it back.

    The texts that the example had before or after an edit belong to it. Nothing is removed: an undo is a decision too.
    """
    from workbench.project import Project

    with Project.open(project) as opened:
        if undo is not None:
            taken = opened.history.undo(undo, who)
            lines = [f"undone: {taken.action} of {len(taken.example_ids):,} examples (decision {taken.batch})"]
            tell({"undone": taken}, lines, as_json=as_json)
        elif restore is not None:
            batch = opened.history.restore(example_id, restore, who, note)
            tell({"batch": batch, "restored": restore}, [f"restored {restore} (decision {batch})"], as_json=as_json)
        else:
            _tell_history(opened, example_id, diff, as_json)


def _tell_history(project: "Project", example_id: str, diff: bool, as_json: bool) -> None:
    from pipelines.errors import CurationError

    entries = project.history.of(example_id)
    if not entries:
        raise CurationError(f"There is no example {example_id}.", "Take an id from: workbench table PROJECT examples")
    changes = project.history.diff(example_id) if diff else []
    figures: dict[str, Any] = {"example_id": example_id, "history": entries}
    if diff:
        figures["diff"] = changes
    tell(figures, [*map(_line, entries), *_diff_lines(changes)], as_json=as_json)


def _line(entry: "HistoryEntry") -> str:
    when = f"{entry.when:%Y-%m-%d %H:%M}" if entry.when else ""
    parts = [f"{entry.batch or '':>6}  {when:<16}  {entry.action:<7} {entry.example_id}  {entry.who or entry.origin}"]
    if entry.who and entry.origin != "person":
        parts.append(f"({entry.origin})")
    if entry.batch_examples > 1:
        parts.append(f"with {entry.batch_examples - 1:,} others")
    if entry.replacement_id:
        parts.append(f"into {entry.replacement_id}")
    if entry.why:
        parts.append(f"- {entry.why}")
    if entry.undone:
        parts.append(f"[undone by {entry.undone_by}]")
    return " ".join(parts)


def _diff_lines(changes: "list[MessageChange]") -> list[str]:
    from difflib import unified_diff

    lines = []
    for number, change in enumerate(changes, start=1):
        if change.changed:
            lines.append(f"message {number} ({change.role_after or change.role_before}):")
            before, after = (change.before or "").splitlines(), (change.after or "").splitlines()
            lines += [f"  {line}" for line in list(unified_diff(before, after, lineterm="", n=2))[2:]]
    return lines
