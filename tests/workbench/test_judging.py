"""A judge model behind a loopback endpoint: asked in both orders, resumed, never a rater, never trusted unheard."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from tests.pipelines.generation.fake_endpoint import FakeEndpoint, fake_endpoint, said
from workbench.cli.main import workbench
from workbench.cli.result_lines import judge_lines
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.runs import EvaluationRecord

EVALUATION, VARIANTS, EXAMPLES = "evaluation-0001", ["few-shot", "tuned-curated"], 40
KEY, VARIABLE = "sk-secret-4711", "FAKE_JUDGE_KEY"


@pytest.fixture
def ids(project: Project, write_jsonl: Callable[..., Any]) -> list[str]:
    """A project with answers of two variants to forty examples: tuned is short and right, few-shot long on half."""
    rows = [{"prompt": f"Question {n}?", "completion": f"Reference {n}."} for n in range(EXAMPLES)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    ids = project.reviewing.queue(Filter(), "position")
    record = EvaluationRecord(EVALUATION, "v", "validation", VARIANTS, {}, {}, EXAMPLES, project.store.now())
    project.store.runs.add_evaluation(record)
    texts = {
        (variant, key): "good" if variant != "few-shot" else "bad and long" if n % 2 else "bad"
        for variant in VARIANTS
        for n, key in enumerate(ids)
    }
    outputs = [{"variant": variant, "example_id": key, "text": text} for (variant, key), text in texts.items()]
    empty = pl.DataFrame(schema={"variant": pl.String})
    tables = {"outputs": pl.DataFrame(outputs), "output_scores": empty, "metrics": empty, "differences": empty}
    project.store.runs.store_results(EVALUATION, tables)
    return ids


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    monkeypatch.setenv(VARIABLE, KEY)
    with fake_endpoint() as fake:
        fake.answer = prefer_good
        yield fake


def prefer_good(body: dict[str, Any]) -> bytes:
    shown = json.loads(body["messages"][-1]["content"])
    return said(f"Short.\nVERDICT: {1 if shown['answer_1'] == 'good' else 2}")


def settings(endpoint: FakeEndpoint, **given: object) -> dict[str, object]:
    asked = {"url": endpoint.url, "model": "wise", "key_env": VARIABLE, "requests_per_minute": 100_000, "attempts": 1}
    return {**asked, "price_in": 2.0, "price_out": 8.0, **given}


def judge(project: Project, endpoint: FakeEndpoint, **given: Any) -> str | None:
    started = project.judging.start(EVALUATION, settings(endpoint), **given)
    if started is not None:
        project.judging.wait(EVALUATION, started)
    return started


def rate(project: Project, count: int, tuned: bool = True) -> None:
    """Let one person rate pairs, tuned as better, or few-shot."""
    project.rating.begin(EVALUATION, *VARIANTS, "ada", count)
    sides = project.store.ratings.comparisons(EVALUATION, "ada")
    for number, row in enumerate(sides.iter_rows(named=True), start=1):
        wanted = "tuned-curated" if tuned else "few-shot"
        choice = "left" if row["left"] == wanted else "right"
        event = {"session": "s", "sequence": number, "comparison_id": row["comparison_id"], "choice": choice}
        project.rating.rate([event], "ada")


def test_each_pair_is_asked_in_both_orders_once_and_the_key_is_kept_nowhere(
    project: Project, ids: list[str], endpoint: FakeEndpoint
) -> None:
    assert judge(project, endpoint) == "judging-0001"
    assert len(endpoint.requests) == 2 * EXAMPLES
    assert {request["key"] for request in endpoint.requests} == {f"Bearer {KEY}"}
    shown = [json.loads(request["body"]["messages"][-1]["content"]) for request in endpoint.requests]
    for one, other in zip(shown[::2], shown[1::2], strict=True):
        assert one["conversation"] == other["conversation"]
        assert (one["answer_1"], one["answer_2"]) == (other["answer_2"], other["answer_1"])
    assert not any("tuned" in request["body"]["messages"][-1]["content"] for request in endpoint.requests)
    rows = project.tables.table("judge_verdicts")
    assert rows.height == 2 * EXAMPLES
    assert set(rows["judge"]) == {"wise (pair-1)"}
    assert set(rows.select("model", "prompt").rows()) == {("wise", "pair-1")}
    report = project.judging.reports(EVALUATION)[0]
    assert (report.variant, report.against, report.win_rate) == ("tuned-curated", "few-shot", 1.0)
    cost = project.judging.costs(EVALUATION)[0]
    # 80 replies of 10 + 2 tokens at 2 and 8 a million: (800 * 2 + 160 * 8) / 1e6.
    assert (cost.answers, cost.cost) == (80, pytest.approx(0.00288))
    # Asking again asks nothing.
    assert judge(project, endpoint) is None
    assert len(endpoint.requests) == 2 * EXAMPLES
    assert project.tables.table("judge_verdicts").equals(rows)
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in files)


def test_a_judge_that_failed_half_way_goes_on_where_it_stopped(
    project: Project, ids: list[str], endpoint: FakeEndpoint
) -> None:
    endpoint.script = [*[None] * 7, (500, {})]
    with pytest.raises(CurationError, match="status 500") as caught:
        judge(project, endpoint)
    assert "run the same command again" in caught.value.remedy
    half = project.tables.table("judge_verdicts")
    assert half.height == 7
    report = project.judging.reports(EVALUATION)[0]
    assert (report.pairs, report.half) == (3, 1)
    assert judge(project, endpoint) == "judging-0002"
    assert len(endpoint.requests) == 2 * EXAMPLES + 1
    rows = project.tables.table("judge_verdicts")
    assert rows.height == rows.select("example_id", "first", "second").n_unique() == 2 * EXAMPLES
    assert rows.filter(pl.col("judging") == "judging-0001").equals(half)
    report = project.judging.reports(EVALUATION)[0]
    assert (report.pairs, report.half) == (EXAMPLES, 0)
    assert sum(cost.answers for cost in project.judging.costs(EVALUATION)) == 2 * EXAMPLES


def test_nonsense_is_kept_and_counted_and_is_never_a_vote(
    project: Project, ids: list[str], endpoint: FakeEndpoint
) -> None:
    endpoint.answer = lambda _: said("As a language model I like both.")
    judge(project, endpoint, settings={"pairs": 5})
    rows = project.tables.table("judge_verdicts")
    assert rows["verdict"].to_list() == [None] * 10
    assert set(rows["reply"]) == {"As a language model I like both."}
    report = project.judging.reports(EVALUATION)[0]
    assert (report.pairs, report.unreadable, report.win_rate, report.combined) == (5, 5, None, None)
    assert project.rating.ratings(EVALUATION).is_empty()


def test_a_judge_of_places_is_all_ties_and_its_bias_is_told(
    project: Project, ids: list[str], endpoint: FakeEndpoint
) -> None:
    endpoint.answer = lambda _: said("VERDICT: 1")
    rate(project, 40)
    judge(project, endpoint)
    report = project.judging.reports(EVALUATION)[0]
    assert (report.win_rate, report.trust.trusted, report.combined) == (0.5, False, None)
    assert report.bias is not None
    assert report.bias.disagree == EXAMPLES
    assert "favours the first place" in " ".join(report.sentences)


def test_rated_pairs_are_asked_first_and_a_trusted_judge_is_combined_with_people_alone(
    project: Project, ids: list[str], endpoint: FakeEndpoint
) -> None:
    rate(project, 32)
    rated = set(project.rating.ratings(EVALUATION)["example_id"])
    assert len(rated) == 32
    judge(project, endpoint, settings={"pairs": 32})
    assert set(project.tables.table("judge_verdicts")["example_id"]) == rated
    before = project.rating.win_rates(EVALUATION)
    judge(project, endpoint)
    report = project.judging.reports(EVALUATION)[0]
    assert report.trust.trusted
    assert report.combined is not None
    assert (report.combined.rated, report.combined.judged_only) == (32, 8)
    # The judge is no rater: what people said stands as it was.
    assert project.rating.win_rates(EVALUATION).equals(before)
    assert set(project.rating.ratings(EVALUATION)["rater"]) == {"ada"}
    assert project.preferences.pairs()[1].pairs == 32
    lines = judge_lines(project, EVALUATION)
    agreement = next(n for n, line in enumerate(lines) if "says what people say on" in line)
    verdict = next(n for n, line in enumerate(lines) if "By the judge alone" in line)
    assert agreement < verdict
    assert "People and judge together" in " ".join(lines)


def test_a_judge_whom_people_contradict_is_not_combined(
    project: Project, ids: list[str], endpoint: FakeEndpoint
) -> None:
    rate(project, 40, tuned=False)
    judge(project, endpoint)
    report = project.judging.reports(EVALUATION)[0]
    assert (report.trust.raw, report.trust.trusted, report.combined) == (0.0, False, None)
    assert "not shown to be better than 'always the longer answer'" in report.trust.note


def test_another_prompt_is_another_judge(project: Project, ids: list[str], endpoint: FakeEndpoint) -> None:
    judge(project, endpoint, settings={"pairs": 2})
    judge(project, endpoint, settings={"pairs": 2, "reference": True})
    assert [report.judge for report in project.judging.reports(EVALUATION)] == [
        "wise (pair-1)",
        "wise (pair-1-reference)",
    ]
    last = json.loads(endpoint.requests[-1]["body"]["messages"][-1]["content"])
    assert last["reference"].startswith("Reference ")


def test_what_cannot_be_judged_is_refused_and_starts_nothing(
    project: Project, ids: list[str], endpoint: FakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in (
        lambda: project.judging.start("evaluation-0009", settings(endpoint)),
        lambda: project.judging.start(EVALUATION, settings(endpoint), variant="nobody"),
        lambda: project.judging.start(EVALUATION, settings(endpoint), variant="few-shot", against="few-shot"),
        lambda: project.judging.start(EVALUATION, settings(endpoint, url="ftp://a/v1")),
        lambda: project.judging.start(EVALUATION, settings(endpoint), settings={"pairs": 0}),
        lambda: project.judging.reports("evaluation-0009"),
    ):
        with pytest.raises(CurationError) as caught:
            wrong()
        assert caught.value.remedy
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(CurationError, match=VARIABLE):
        project.judging.start(EVALUATION, settings(endpoint))
    assert project.judging.judgings(EVALUATION) == []
    assert endpoint.requests == []


def test_the_command_line_asks_and_tells(project: Project, ids: list[str], endpoint: FakeEndpoint) -> None:
    rate(project, 4)
    project.close()
    asked = ["judge", str(project.folder), EVALUATION, "--endpoint", endpoint.url, "--model", "wise", "--pairs", "3"]
    asked += ["--key-env", VARIABLE, "--requests-per-minute", "100000"]
    answer = CliRunner().invoke(workbench, [*asked, "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["evaluation"], told["judging"]) == (EVALUATION, "judging-0001")
    assert told["judges"][0]["pairs"] == 3
    assert told["judges"][0]["trust"]["shared"] == 3
    assert told["judges"][0]["combined"] is None
    assert told["judge_costs"][0]["answers"] == 6
    again = CliRunner().invoke(workbench, asked)
    assert again.exit_code == 0
    assert "people alone decide" in again.output
    assert len(endpoint.requests) == 6
