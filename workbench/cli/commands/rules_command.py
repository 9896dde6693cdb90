"""`workbench rules PROJECT [--set FILE] [--measure EVALUATION]`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("rules")
@project_argument
@click.option(
    "--set",
    "file",
    type=click.Path(path_type=Path),
    help="Put the rules of this JSON file in force: a list of {name, kind, value} and, where wanted, path, ignore_case,"
    " examples (all, json, text). An empty list takes all rules away.",
)
@click.option("--measure", metavar="EVALUATION", help="Measure this evaluation again, by the rules in force.")
@click.option("--who", default="command line", show_default=True, help="Name to write beside a change.")
@json_option
def command(project: Path, file: Path | None, measure: str | None, who: str, as_json: bool) -> None:
    """Show the rules that outputs of PROJECT are measured by, or change them; each is a metric of every comparison.

    Kinds: contains, lacks, matches (a regular expression), json_equals (at a path such as $.intent), at_most_words,
    at_most_characters. What --json prints can be edited and read back by --set.
    """
    from workbench.project import Project

    with Project.open(project) as opened:
        if file is not None:
            opened.output_rules.set_rules_from(file, who)
        rules = opened.output_rules.rules()
        lines = [f"{rule.metric:<28} {rule.description}" for rule in rules] or ["There are no rules for outputs yet."]
        if measure is not None:
            opened.comparing.measure_rules(measure)
            results = opened.comparing.results(measure)
            own = results.differences.filter(results.differences["metric"].is_in([rule.metric for rule in rules]))
            lines += own["sentence"].to_list()
        tell({"rules": [rule.model_dump(mode="json") for rule in rules]}, lines, as_json=as_json)
