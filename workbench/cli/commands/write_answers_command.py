"""`workbench write-answers PROJECT [--out FILE | --answers FILE]`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("write-answers")
@project_argument
@click.option("--out", type=click.Path(path_type=Path), help="Write the waiting prompts to this .jsonl file.")
@click.option("--answers", type=click.Path(path_type=Path), help="Read that file back, with `answer` filled in.")
@click.option("--who", default="command line", show_default=True, help="Who wrote the answers.")
@json_option
def command(project: Path, out: Path | None, answers: Path | None, who: str, as_json: bool) -> None:
    """Count the prompts of PROJECT to which raters found both answers bad, hand them to writers, take answers in."""
    from workbench.project import Project

    with Project.open(project) as opened:
        stored, refused = (0, []) if answers is None else opened.writing_answers.take_in(answers, who)
        lines = [] if answers is None else [f"{stored:,} answers became training candidates", *refused]
        if out is not None:
            lines.append(f"{out}: {opened.writing_answers.hand_out(out):,} prompts to answer")
        waiting = len(opened.writing_answers.queue())
        lines.append(f"{waiting:,} prompts wait for an answer")
        tell({"stored": stored, "refused": refused, "waiting": waiting, "out": out}, lines, as_json=as_json)
