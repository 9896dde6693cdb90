"""Answers and ratings from elsewhere: what is stored, and what is refused with its line and stores nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import WordEncoder, support_examples
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.splitting import read_ratios

Write = Callable[..., Path]


@pytest.fixture
def held_out(project: Project, write_jsonl: Write, word_encoder: WordEncoder) -> list[dict[str, str]]:
    """A split project; returns its validation examples."""
    project.importing.import_files([write_jsonl("data.jsonl", support_examples(60))])
    project.reviewing.decide_where(Filter(), "keep", "tester")
    project.splitting.split(read_ratios("60/20/20"))
    splits = project.tables.table("splits")
    ids = splits.filter(pl.col("split") == "validation")["example_id"].to_list()
    return project.store.examples.with_ids(ids).select("example_id", "prompt", "completion").to_dicts()


def answers_of(rows: list[dict[str, str]], right: bool) -> list[dict[str, str]]:
    return [{"example_id": row["example_id"], "text": row["completion"] if right else "no idea"} for row in rows]


def import_both(project: Project, rows: list[dict[str, str]], write: Write) -> str:
    """Import a model that knows everything and one that knows nothing; returns the evaluation."""
    importing = project.importing_results
    first = importing.import_outputs(write("good.jsonl", answers_of(rows, True)), "good")
    second = importing.import_outputs(write("bad.jsonl", answers_of(rows, False)), "bad")
    assert first.evaluation == second.evaluation
    return first.evaluation


def test_two_imported_models_are_compared_like_any_variants(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write
) -> None:
    evaluation = import_both(project, held_out, write_jsonl)
    results = project.comparing.results(evaluation)
    exact = results.metrics.filter(pl.col("metric") == "exact_match")
    assert dict(exact.select("variant", "value").rows()) == {"good": 1.0, "bad": 0.0}
    assert project.comparing.evaluation(evaluation).variants == ["good", "bad"]
    late = project.importing_results.import_outputs(write_jsonl("c.jsonl", answers_of(held_out, True)), "late")
    assert late.evaluation == evaluation
    again = project.comparing.results(evaluation)
    assert set(again.metrics["variant"]) == {"good", "bad", "late"}


def test_further_metrics_are_added_on_demand_and_leave_with_their_correction(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write
) -> None:
    evaluation = import_both(project, held_out, write_jsonl)
    before = project.comparing.results(evaluation)
    project.comparing.measure(evaluation, ["rouge_1", "no_refusal"], '{"type": "object"}')
    more = project.comparing.results(evaluation)
    added = set(more.metrics["metric"]) - set(before.metrics["metric"])
    assert {"rouge_1", "no_refusal"} <= added
    project.comparing.measure(evaluation, [])
    after = project.comparing.results(evaluation)
    assert after.differences.equals(before.differences)
    assert project.comparing.labels(evaluation).macro.is_empty()
    for metrics, message in ((["magic"], "no metric 'magic'"), (["json_schema_valid"], "needs a JSON schema")):
        with pytest.raises(CurationError, match=message):
            project.comparing.measure(evaluation, metrics)


def test_answers_are_found_by_their_prompt_and_missing_ones_are_stated(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write, tmp_path: Path
) -> None:
    rows = [{"prompt": row["prompt"], "text": row["completion"]} for row in held_out[:-2]]
    report = project.importing_results.import_outputs(write_jsonl("a.jsonl", rows), "api")
    assert (report.answers, report.missing) == (len(held_out) - 2, 2)
    assert "2 of" in report.note
    table = tmp_path / "b.csv"
    pl.DataFrame(answers_of(held_out, True)).write_csv(table)
    assert project.importing_results.import_outputs(table, "sheet").missing == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: [*rows, {"example_id": "nobody", "text": "x"}], "1 answers are to examples"),
        (lambda rows: [*rows, {"prompt": "never asked", "text": "x"}], "its prompt"),
        (lambda rows: [*rows, rows[0]], "a second answer"),
        (lambda rows: [{"example_id": rows[0]["example_id"]}], "line 1: there is no text"),
        (lambda rows: ["{broken"], "line 1: no JSON object"),
        (lambda rows: [], "holds no answers"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_and_nothing_is_stored(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write, change, said: str
) -> None:
    path = write_jsonl("a.jsonl", change(answers_of(held_out, True)))
    with pytest.raises(CurationError, match=said) as caught:
        project.importing_results.import_outputs(path, "api")
    assert caught.value.remedy
    assert project.comparing.evaluations() == []


def test_answers_to_training_examples_are_refused(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write
) -> None:
    train = project.tables.table("splits").filter(pl.col("split") == "train")["example_id"][0]
    path = write_jsonl("a.jsonl", [{"example_id": train, "text": "x"}])
    with pytest.raises(CurationError, match="validation split of version"):
        project.importing_results.import_outputs(path, "api")


def test_a_name_that_is_taken_or_is_a_path_is_refused(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write
) -> None:
    path = write_jsonl("a.jsonl", answers_of(held_out, True))
    project.importing_results.import_outputs(path, "api")
    for name in ("api", "../../evil", ""):
        with pytest.raises(CurationError):
            project.importing_results.import_outputs(path, name)


def test_imported_answers_to_the_test_split_are_a_look_at_it(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write
) -> None:
    ids = project.tables.table("splits").filter(pl.col("split") == "test")["example_id"].to_list()
    path = write_jsonl("a.jsonl", [{"example_id": example_id, "text": "x"} for example_id in ids])
    report = project.importing_results.import_outputs(path, "api", split="test")
    assert project.comparing.results(report.evaluation).looks == 1


def test_ratings_from_elsewhere_count_once_however_often_they_are_imported(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write
) -> None:
    evaluation = import_both(project, held_out, write_jsonl)
    project.comparing.results(evaluation)
    rows = [
        {"rater": "ada", "example_id": row["example_id"], "left": "good", "right": "bad", "choice": "left"}
        for row in held_out
    ]
    path = write_jsonl("ratings.jsonl", rows)
    report = project.importing_results.import_ratings(path)
    assert (report.ratings, report.known, report.raters) == (len(held_out), 0, ["ada"])
    assert project.importing_results.import_ratings(path).known == len(held_out)
    rate = project.rating.win_rates(evaluation).row(0, named=True)
    assert (rate["variant"], rate["wins"], rate["n"]) == ("good", len(held_out), len(held_out))


def test_ratings_of_drawn_comparisons_come_home_by_their_id(
    project: Project, held_out: list[dict[str, str]], write_jsonl: Write
) -> None:
    evaluation = import_both(project, held_out, write_jsonl)
    project.comparing.results(evaluation)
    project.rating.begin(evaluation, "good", "bad", "ada", 3)
    drawn = project.store.ratings.comparisons(evaluation, "ada")["comparison_id"].to_list()
    rows = [{"rater": "ada", "comparison_id": name, "choice": "tie", "note": "alike"} for name in drawn]
    project.importing_results.import_ratings(write_jsonl("ratings.jsonl", rows))
    assert project.rating.progress(evaluation, "ada") == (3, 3)
    assert project.rating.ratings(evaluation)["note"].to_list() == ["alike"] * 3
    for wrong, said in (
        ({"rater": "ben", "comparison_id": drawn[0], "choice": "tie"}, "drawn for ada"),
        ({"rater": "ada", "comparison_id": "nothing", "choice": "tie"}, "unknown to"),
        ({"rater": "ada", "comparison_id": drawn[0], "choice": "best"}, "no rating"),
        ({"rater": "", "comparison_id": drawn[0], "choice": "tie"}, "no rater"),
        ({"rater": "ada", "comparison_id": drawn[0], "left": "nobody", "choice": "tie"}, "it was drawn as"),
        ({"rater": "ada", "example_id": "x", "left": "good", "right": "bad", "choice": "tie"}, "no answer to example"),
    ):
        before = json.dumps(project.rating.ratings(evaluation).to_dicts(), default=str)
        with pytest.raises(CurationError, match=said):
            project.importing_results.import_ratings(write_jsonl("wrong.jsonl", [wrong]))
        assert json.dumps(project.rating.ratings(evaluation).to_dicts(), default=str) == before
