"""An endpoint as a variant of a job: resumed where it failed, its cost counted, its key written nowhere."""

import json
import threading
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from pipelines.generation.endpoint_settings import EndpointSettings
from tests.pipelines.generation.fake_endpoint import fake_endpoint
from workbench.endpoint_costs import endpoint_costs
from workbench.jobs.context import JobContext
from workbench.jobs.files import JobStatus, StatusFile
from workbench.jobs.generate_job import run_generate_job
from workbench.jobs.settings import GenerateJob, Variant, read_job, write_job

KEY, VARIABLE = "sk-secret-4711", "FAKE_ENDPOINT_KEY"


def said(prompt: str, answer: str = "") -> list[dict[str, str]]:
    asked = [{"role": "user", "content": prompt}]
    return [*asked, {"role": "assistant", "content": answer}] if answer else asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = {
        "prompts": [{"example_id": f"e{n}", "messages": said(f"question {n}")} for n in range(5)],
        "few_shot": [{"example_id": f"t{n}", "messages": said(f"shot {n}", f"answer {n}")} for n in range(3)],
        "nearest": [{"example_id": f"e{n}", "shots": ["t2", "t0"]} for n in range(5)],
    }
    (tmp_path / "data").mkdir()
    for name, lines in rows.items():
        (tmp_path / "data" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    return tmp_path


def context_of(folder: Path) -> JobContext:
    return JobContext(folder, StatusFile(folder, JobStatus("running")), threading.Event())


def job_for(url: str, **given: object) -> GenerateJob:
    settings = {"key_env": VARIABLE, "requests_per_minute": 100_000, "attempts": 1, "price_in": 2.0, "price_out": 8.0}
    endpoint = EndpointSettings(url=url, model="m", **settings)
    return GenerateJob(variants=(Variant(name=endpoint.variant, endpoint=endpoint, **given),))


def test_a_job_that_failed_half_way_goes_on_there_and_the_key_is_in_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_endpoint() as fake:
        write_job(folder, job_for(fake.url))
        job = read_job(folder)
        assert isinstance(job, GenerateJob)
        monkeypatch.delenv(VARIABLE, raising=False)
        with pytest.raises(CurationError, match=VARIABLE):
            run_generate_job(job, context_of(folder))
        assert fake.requests == []
        monkeypatch.setenv(VARIABLE, KEY)
        fake.script = [None, None, (500, {})]
        with pytest.raises(CurationError, match="status 500"):
            run_generate_job(job, context_of(folder))
        assert run_generate_job(job, context_of(folder))
        asked = [request["body"]["messages"][-1]["content"] for request in fake.requests]
    # Two answered, the third failed and was asked again; nothing that was answered was paid for twice.
    assert asked == [f"question {n}" for n in (0, 1, 2, 2, 3, 4)]
    rows = [json.loads(line) for line in (folder / "outputs" / "api-m.jsonl").read_text().splitlines()]
    assert [(row["example_id"], row["text"]) for row in rows] == [(f"e{n}", f"QUESTION {n}") for n in range(5)]
    assert KEY not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    cost = endpoint_costs(folder)[0]
    # 5 answers of 10 + 2 tokens at 2 and 8 a million: (50 * 2 + 10 * 8) / 1e6.
    assert (cost.answers, cost.prompt_tokens, cost.completion_tokens) == (5, 50, 10)
    assert cost.cost == pytest.approx(0.00018)


def test_a_system_prompt_and_chosen_examples_are_put_before_the_question(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    with fake_endpoint() as fake:
        run_generate_job(job_for(fake.url, few_shot=2, nearest=True, system="Be brief."), context_of(folder))
        sent = fake.requests[0]["body"]["messages"]
    texts = [message["content"] for message in sent]
    assert texts == ["Be brief.", "shot 2", "answer 2", "shot 0", "answer 0", "question 0"]
