"""The rules of a project for outputs: kept with it, metrics of what is measured, changed without touching figures."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from tests.workbench.test_importing_results import held_out, import_both  # noqa: F401  # a fixture
from workbench.cli.main import workbench
from workbench.project import Project

Write = Callable[..., Path]
RULES = [
    {"name": "unsure", "kind": "contains", "value": "NO IDEA", "ignore_case": True},
    {"name": "short", "kind": "at_most_words", "value": "2"},
]


def test_rules_are_metrics_of_what_is_measured_while_they_are_in_force(
    project: Project,
    held_out: list[dict[str, str]],  # noqa: F811
    write_jsonl: Write,
) -> None:
    evaluation = import_both(project, held_out, write_jsonl)
    before = project.comparing.results(evaluation)
    assert not before.metrics["metric"].str.starts_with("rule_").any()
    assert project.output_rules.rules() == ()
    project.output_rules.set_rules(RULES, "ada")
    assert project.comparing.results(evaluation).metrics.equals(before.metrics)
    project.comparing.measure_rules(evaluation)
    found = project.comparing.results(evaluation)
    values = found.metrics.filter(pl.col("metric") == "rule_unsure").select("variant", "value")
    assert dict(values.rows()) == {"bad": 1.0, "good": 0.0}
    row = found.differences.filter(pl.col("metric") == "rule_unsure").row(0, named=True)
    assert row["n"] == len(held_out)
    scores = project.store.runs.output_scores(evaluation).filter(pl.col("metric") == "rule_short")
    assert scores.height == 2 * len(held_out)
    # A further metric that is asked for leaves the rules where they are.
    project.comparing.measure(evaluation, ["rouge_1"])
    assert {"rule_unsure", "rule_short", "rouge_1"} <= set(project.comparing.results(evaluation).metrics["metric"])
    project.output_rules.set_rules([], "ada")
    assert len(project.comparing.rules_of(evaluation)) == 2
    project.comparing.measure_rules(evaluation)
    after = project.comparing.results(evaluation)
    assert set(after.metrics["metric"]) == {*before.metrics["metric"], "rouge_1"}


def test_what_is_no_rule_changes_nothing(project: Project, tmp_path: Path) -> None:
    project.output_rules.set_rules(RULES, "ada")
    for given in ([{"name": "x"}], [{"name": "x", "kind": "matches", "value": "("}]):
        with pytest.raises(CurationError):
            project.output_rules.set_rules(given, "ada")
    for text in ("{", "3", '{"rules": 3}', '[{"name": "a", "kind": "contains"}]'):
        path = tmp_path / "rules.json"
        path.write_text(text, "utf-8")
        with pytest.raises(CurationError) as caught:
            project.output_rules.set_rules_from(path, "ada")
        assert caught.value.remedy
    with pytest.raises(CurationError, match="cannot be read"):
        project.output_rules.set_rules_from(tmp_path / "none.json", "ada")
    assert [rule.name for rule in project.output_rules.rules()] == ["unsure", "short"]


def test_the_command_sets_shows_and_measures(
    project: Project,
    held_out: list[dict[str, str]],  # noqa: F811
    write_jsonl: Write,
    tmp_path: Path,
) -> None:
    evaluation = import_both(project, held_out, write_jsonl)
    project.comparing.results(evaluation)
    folder = project.folder
    project.close()
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(RULES), "utf-8")
    run = CliRunner().invoke
    shown = run(workbench, ["rules", str(folder), "--set", str(path), "--measure", evaluation])
    assert shown.exit_code == 0, shown.output
    assert "1 where the output contains the text 'NO IDEA', case aside, else 0." in shown.output
    assert "rule_unsure: too few to tell" in shown.output
    told = json.loads(run(workbench, ["rules", str(folder), "--json"]).stdout)
    assert [rule["name"] for rule in told["rules"]] == ["unsure", "short"]
    path.write_text(json.dumps(told), "utf-8")
    assert run(workbench, ["rules", str(folder), "--set", str(path)]).exit_code == 0
    results = json.loads(run(workbench, ["results", str(folder), "--json"]).stdout)
    assert "rule_short" in {row["metric"] for row in results["metrics"]}
