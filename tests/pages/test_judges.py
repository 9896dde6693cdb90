"""The Compare page on judge models: agreement with people stands before what they prefer, and nothing is sent."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import visit, words_of
from tests.workbench.conftest import support_examples
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.splitting import read_ratios
from workbench.store.judging import JudgingRecord

HOSTILE = "![x](m) (pair-1)"
OpenApp = Callable[[Path | None], AppTest]


@pytest.fixture
def compared(tmp_path: Path) -> tuple[Path, str]:
    """A project with the results of two variants whose answers were imported: its folder, the evaluation."""
    path = tmp_path / "data.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in support_examples(60)), "utf-8")
    with Project.create(tmp_path / "my project") as project:
        project.importing.import_files([path])
        project.reviewing.decide_where(Filter(), "keep", "tester")
        project.splitting.split(read_ratios("60/20/20"))
        splits = project.tables.table("splits")
        ids = splits.filter(pl.col("split") == "validation")["example_id"].to_list()
        for variant in ("tuned", "few-shot"):
            lines = [{"example_id": example_id, "text": f"{variant} says"} for example_id in ids]
            path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
            evaluation = project.importing_results.import_outputs(path, variant, split="validation").evaluation
        project.comparing.results(evaluation)
    return tmp_path / "my project", evaluation


def ratings_of(app: AppTest) -> AppTest:
    """Go to the Compare page and wait until its results are there."""
    app = visit(app, "compare")
    until = time.monotonic() + 60
    while not app.code and time.monotonic() < until:
        time.sleep(0.2)
        app = app.run()
    assert not app.exception
    assert not app.error
    return app


def test_the_page_says_how_to_ask_a_judge_where_none_was_asked(open_app: OpenApp, compared: tuple[Path, str]) -> None:
    folder, evaluation = compared
    app = ratings_of(open_app(folder))
    assert f"workbench judge '{folder}' {evaluation} --endpoint" in app.code[0].value
    assert "Judge model" not in words_of(app)


def test_agreement_comes_before_the_verdict_and_an_unproven_judge_decides_nothing(
    open_app: OpenApp, compared: tuple[Path, str]
) -> None:
    """A judge of a hostile name who prefers the first place on two pairs and talks nonsense on a third."""
    folder, evaluation = compared
    with Project.open(folder) as project:
        ids = project.store.runs.outputs(evaluation)["example_id"].unique().sort().to_list()[:3]
        rows = [
            (example_id, *sides, None if place == 2 else "first", "reply")
            for place, example_id in enumerate(ids)
            for sides in (("tuned", "few-shot"), ("few-shot", "tuned"))
        ]
        columns = ["example_id", "first", "second", "verdict", "reply"]
        now = project.store.now()
        record = JudgingRecord("judging-0001", evaluation, HOSTILE, "m", "pair-1", "tuned", "few-shot", 6, {}, now)
        project.store.judging.add(record)
        project.store.judging.append(record, pl.DataFrame(rows, schema=columns, orient="row"), now)
    app = ratings_of(open_app(folder))
    words = words_of(app).replace("\\", "")
    assert words.index("not known to beat 'always the longer answer'") < words.index("By the judge alone")
    assert "people alone decide" in words
    assert "two orders disagree on 2 of 2 pairs" in words
    assert "1 of them with an unreadable reply" in words
    assert "**Judge model \\!\\[x\\]\\(m\\)" in words_of(app)
