"""The report: complete on its own, without script or request, hostile texts as text, the same figures in Markdown."""

import json
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import WordEncoder, support_examples
from workbench.project import Project
from workbench.report.charts import chart_svg
from workbench.report.document import BarChart, Interval, IntervalChart, LineChart
from workbench.reviewing import Filter
from workbench.splitting import read_ratios

HOSTILE = "<script>alert(1)</script>|[x](javascript:1)"


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def compared(project: Project, tmp_path: Path, word_encoder: WordEncoder) -> Project:
    """A project of a hostile source, with a split, two imported variants, results and ratings."""
    path = tmp_path / "data.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in support_examples(60)), "utf-8")
    project.importing.import_files([path], source=HOSTILE)
    project.reviewing.decide_where(Filter(), "keep", "tester")
    project.splitting.split(read_ratios("60/20/20"))
    splits = project.tables.table("splits")
    ids = splits.filter(pl.col("split") == "test")["example_id"].to_list()
    for variant, right in (("good", True), ("bad", False)):
        rows = project.store.examples.with_ids(ids).iter_rows(named=True)
        lines = [{"example_id": row["example_id"], "text": row["completion"] if right else "no"} for row in rows]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        evaluation = project.importing_results.import_outputs(path, variant, split="test").evaluation
    project.comparing.results(evaluation)
    project.rating.begin(evaluation, "good", "bad", "ada", 5)
    for number, card in enumerate(project.rating.pending(evaluation, "ada")):
        event = {"session": "s", "sequence": number + 1, "comparison_id": card.comparison_id, "choice": "left"}
        project.rating.rate([event], "ada")
    return project


def test_the_page_needs_nothing_but_itself_and_shows_hostile_text_as_text(compared: Project, tmp_path: Path) -> None:
    size = compared.reporting.write(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert size == len(text.encode())
    read = Reader(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name in {"src", "href"} or name.startswith("on")]
    assert HOSTILE in "".join(read.words)
    assert "svg" in read.tags
    for heading in ("Data", "Curation", "Splits and their certificate", "Training", "Results", "Blind ratings"):
        assert heading in read.words
    assert "Looks at this version's test split: 1." in read.words


def test_no_text_of_a_held_out_example_is_in_the_report(compared: Project) -> None:
    for text in (compared.reporting.text(), compared.reporting.text(markdown=True)):
        for row in compared.tables.table("examples").iter_rows(named=True):
            assert row["prompt"] not in text
            assert row["completion"] not in text


def test_markdown_holds_the_same_figures_and_no_markup_of_the_data(compared: Project) -> None:
    page, plain = Reader(compared.reporting.text()), compared.reporting.text(markdown=True)
    cells = {word for word in page.words if word.replace(".", "").isdigit()}
    assert len(cells) > 20
    axis = {"0.25", "0.5", "0.75"}
    assert {cell for cell in cells - axis if cell not in plain} == set()
    assert "<script>" not in plain
    assert r"\<script\>alert(1)\</script\>\|\[x\](javascript:1)" in plain
    assert compared.comparing.results("evaluation-0001").verdict[0].split(":")[0] in plain


def test_looking_at_the_report_is_no_new_look_at_the_test_split(compared: Project) -> None:
    before = compared.comparing.looks().height
    compared.reporting.text()
    assert compared.comparing.looks().height == before


def test_an_empty_project_has_a_report_that_says_so(project: Project, tmp_path: Path) -> None:
    text = project.reporting.text()
    for said in ("Nothing was compared yet", "Nothing was trained yet.", "Nothing was split yet.", "none"):
        assert said in text
    with pytest.raises(CurationError):
        project.reporting.write(tmp_path)


def test_charts_place_values_on_their_scale_and_escape_their_labels() -> None:
    """The scale runs from 230 (0) to 700 (1): one half lies at 465."""
    svg = chart_svg(IntervalChart("<t>", [Interval("<b>", 0.5, 0.25, 1.0), Interval("none", 0.0, None, None)]))
    assert 'cx="465.0"' in svg
    assert 'x1="347.5" x2="700.0"' in svg
    assert "<b>" not in svg
    assert "<t>" not in svg
    assert "no data" in chart_svg(BarChart("b", []))
    bars = chart_svg(BarChart("b", [("a", 10), ("b", 5), ("c", 0)]))
    assert 'width="410.0"' in bars
    assert 'width="205.0"' in bars
    line = chart_svg(LineChart("l", "steps", "loss", [("v", [(0.0, 2.0), (10.0, 1.0)])]))
    assert 'points="60.0,8.0 590.0,104.0"' in line
    assert "no data" in chart_svg(LineChart("l", "steps", "loss", [("v", [])]))


def test_ratings_are_told_though_a_newer_evaluation_has_none(compared: Project, tmp_path: Path) -> None:
    rated = compared.rating.ratings()["evaluation"][0]
    splits = compared.tables.table("splits")
    ids = splits.filter(pl.col("split") == "validation")["example_id"].to_list()
    path = tmp_path / "late.jsonl"
    path.write_text("".join(f"{json.dumps({'example_id': one, 'text': 'no'})}\n" for one in ids), "utf-8")
    newer = compared.importing_results.import_outputs(path, "late", split="validation").evaluation
    compared.comparing.results(newer)
    assert newer != rated
    assert f"{rated}: win rate (a tie counts half)" in " ".join(Reader(compared.reporting.text()).words)
