"""The noisy test set: variants are asked, and raters are shown, what production would have typed; each look counts."""

import json

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import support_examples
from workbench.held_out import as_evaluated
from workbench.jobs.files import JobStatus, read_rows, write_status
from workbench.splitting import read_ratios


@pytest.fixture
def noisy(project, word_encoder, write_jsonl):
    """A split project with a noisy test set: production asks without capitals and without a mark at the end."""
    project.importing.import_files([write_jsonl("rows.jsonl", support_examples(120))])
    queries = [{"text": row["messages"][0]["content"].lower().rstrip("?")} for row in support_examples(200)[120:]]
    project.importing.import_files([write_jsonl("asked.jsonl", queries)], role="production")
    project.splitting.split(read_ratios("80/10/10", noise=True), include_pending=True)
    return project


def answer(project, evaluation: str, texts: dict[str, dict[str, str]]) -> None:
    """Write what a job would have written: variant -> example_id -> text."""
    folder = project.folder / "evaluations" / evaluation
    for variant, told in texts.items():
        path = folder / "outputs" / f"{variant}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"example_id": example_id, "text": text, "seconds": 0.1} for example_id, text in told.items()]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    write_status(folder, JobStatus("finished", progress=1.0, message="done"))


def test_variants_are_asked_in_productions_wording_and_each_look_is_in_one_ledger(noisy, monkeypatch):
    monkeypatch.setattr("workbench.jobs.process.start_job", lambda *_: None)
    asked = {}
    for split in ("test", "noisy-test"):
        name = noisy.comparing.start([], split, variants=("base", "few-shot"), who="ann", why="to see")
        rows = list(read_rows(noisy.folder / "evaluations" / name / "data" / "prompts.jsonl"))
        asked[split] = {row["example_id"]: row["messages"] for row in rows}
        wanted = dict(noisy.exporting.split_examples("test").select("example_id", "completion").iter_rows())
        assert set(asked[split]) == set(wanted)
        answer(noisy, name, {"base": dict.fromkeys(wanted, "no idea"), "few-shot": wanted})
        results = noisy.comparing.results(name)
        exact = results.metrics.filter(pl.col("metric") == "exact_match")
        assert dict(exact.select("variant", "value").rows()) == {"base": 0.0, "few-shot": 1.0}
        assert (results.split, results.look, results.looks) == (split, len(asked), len(asked))
    for example_id, tidy in asked["test"].items():
        spoilt = tidy[-1]["content"].lower().rstrip("?")
        assert asked["noisy-test"][example_id] == [*tidy[:-1], {**tidy[-1], "content": spoilt}]
    looks = noisy.comparing.looks()
    assert looks["evaluation"].to_list() == ["evaluation-0001", "evaluation-0002"]
    shots = list(read_rows(noisy.folder / "evaluations" / "evaluation-0002" / "data" / "few_shot.jsonl"))
    assert not {row["example_id"] for row in shots} & set(asked["test"])


def test_raters_and_the_compare_page_see_the_prompt_that_was_asked(noisy, monkeypatch):
    monkeypatch.setattr("workbench.jobs.process.start_job", lambda *_: None)
    name = noisy.comparing.start([], "noisy-test", variants=("base", "few-shot"))
    wanted = dict(noisy.exporting.split_examples("test").select("example_id", "completion").iter_rows())
    answer(noisy, name, {"base": dict.fromkeys(wanted, "no idea"), "few-shot": wanted})
    noisy.comparing.results(name)
    asked = {row["example_id"]: row["prompt"] for row in as_evaluated(noisy.store, name, sorted(wanted)).to_dicts()}
    assert all(prompt == prompt.lower() for prompt in asked.values())
    for row in noisy.comparing.outputs(name, limit=100):
        assert row["prompt"] == asked[row["example_id"]]
        assert row["reference"] == wanted[row["example_id"]]
    noisy.rating.begin(name, "base", "few-shot", "ann", count=5)
    noisy.rubric.begin(name, ["base"], "ann", count=5)
    cards = [*noisy.rating.pending(name, "ann"), *noisy.rubric.pending(name, "ann")]
    assert len(cards) >= 10
    for card in cards:
        assert card.messages[-1]["content"] in set(asked.values())
        assert card.reference in set(wanted.values())


def test_answers_from_elsewhere_are_matched_by_the_noisy_prompt_and_its_failures_stay_sealed(noisy, write_jsonl):
    test = noisy.exporting.split_examples("test")
    rows = [{"prompt": text.lower().rstrip("?"), "text": told} for text, told in test["prompt", "completion"].rows()]
    file = write_jsonl("api.jsonl", rows)
    report = noisy.importing_results.import_outputs(file, "api", split="noisy-test")
    assert (report.split, report.answers, report.missing) == ("noisy-test", test.height, 0)
    assert noisy.comparing.results(report.evaluation).look == 1
    with pytest.raises(CurationError, match="stays sealed"):
        noisy.collecting.triage(report.evaluation, "api")


def test_a_version_without_noise_has_no_noisy_test_set(noisy):
    noisy.splitting.split(read_ratios("80/10/10"), include_pending=True)
    with pytest.raises(CurationError, match="no noisy test set") as refused:
        noisy.comparing.start([], "noisy-test", variants=("base",))
    assert "--noisy-test" in refused.value.remedy
