"""`workbench personal-data PROJECT`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.answer import json_option, project_argument, tell

if TYPE_CHECKING:
    from workbench.redacting import Way

_LONGEST = 160


@click.command("personal-data")
@project_argument
@click.option("--redact", "way", flag_value="redact", default=True, help="Write the kind in its place: [e-mail].")
@click.option(
    "--pseudonymise",
    "way",
    flag_value="pseudonymise",
    help="Write a stand-in, the same for the same value within the project: [e-mail-qkzjwyfp].",
)
@click.option("--drop", "way", flag_value="drop", help="Drop the examples that hold some.")
@click.option("--kinds", metavar="KIND,…", default="", help="Only these kinds: e-mail, phone, card, iban, …")
@click.option("--apply", "apply_it", is_flag=True, help="Do it; without it no example is changed.")
@click.option("--show", type=click.IntRange(0, 5), default=3, show_default=True, help="How many changes to show.")
@click.option("--who", default="command line", show_default=True, help="Name to write beside the edits.")
@json_option
def command(project: Path, way: "Way", kinds: str, apply_it: bool, show: int, who: str, as_json: bool) -> None:
    """Take personal data out of PROJECT: tell what would change, and with --apply change it, undone as one.

    Meant is what `curate` found in training examples that are not dropped.
    """
    from workbench.project import Project

    named = tuple(kind.strip() for kind in kinds.split(",") if kind.strip())
    with Project.open(project) as opened:
        preview = opened.redacting.preview(way, named)
        done = opened.redacting.apply(way, who, named) if apply_it else None
    first = preview.first[:show]
    lines = [f"{row['kind']}: {row['places']:,} in {row['examples']:,} examples" for row in preview.kinds.to_dicts()]
    if done is None:
        for change in first:
            lines += [change.example_id, f"  - {_plain(change.before)}", f"  + {_plain(change.after) or '(dropped)'}"]
        lines.append(f"Would {way} {preview.examples:,} examples; --apply does it.")
    else:
        lines.append(f"Done to {done.examples:,} examples: {way}.")
    if done is not None and done.batch is not None and first:
        lines.append(f"Undo: workbench history {project} {first[0].example_id} --undo {done.batch}")
    if preview.refused:
        lines.append(f"{preview.refused:,} stay as they are: they would be copies of sealed examples.")
    told = {
        "way": way,
        "kinds": preview.kinds.to_dicts(),
        "examples": preview.examples if done is None else done.examples,
        "refused": preview.refused,
        "applied": apply_it,
        "batch": done.batch if done else None,
        "first": [] if apply_it else first,
    }
    tell(told, lines, as_json=as_json)


def _plain(text: str) -> str:
    """Cut a text out for one line of a terminal, which must not read signs in it as commands."""
    told = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text[:_LONGEST])
    return f"{told}{'…' if len(text) > _LONGEST else ''}"
