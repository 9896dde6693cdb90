"""Scorers of the project's own lists, and of XML: what they find, where, and that an empty list judges nothing."""

import re
import xml.etree.ElementTree as ElementTree

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality.score import score_examples
from pipelines.quality.scorers.broken_xml import xml_error
from pipelines.quality.settings import QualitySettings
from pipelines.quality.word_list import first_listed
from tests.pipelines.quality.conversations import pairs

ANSWERS = ["Use API v1 for that.", "Use API v10 for that.", "Ask the DOLT  over there.", "Dolts are many.", ""]


def scored(answers: list[str], prompt: str = "How?", **settings: tuple[str, ...]) -> pl.DataFrame:
    examples = pairs(*[(prompt, answer) for answer in answers])
    chosen = QualitySettings(scorers=("listed_words", "outdated", "broken_xml"), **settings)
    return score_examples(examples, chosen).scores.join(examples.select("example_id", "completion"), on="example_id")


def test_words_and_markers_are_found_whole_in_any_case_and_shown() -> None:
    found = scored(ANSWERS, listed_words=("dolt over",), outdated_markers=("api V1", "")).filter(
        pl.col("reason").is_not_null()
    )
    shown = {row["scorer"]: row["completion"][row["start"] : row["end"]] for row in found.iter_rows(named=True)}
    assert shown == {"listed_words": "DOLT  over", "outdated": "API v1"}
    assert found.height == 2
    assert "'API v1'" in " ".join(found["reason"])


def test_an_empty_list_judges_nothing_and_a_list_judges_every_answer() -> None:
    assert scored(ANSWERS).is_empty()
    assert scored(ANSWERS, listed_words=(" ", "")).filter(pl.col("reason").is_not_null()).is_empty()
    assert scored(ANSWERS, listed_words=("x",)).height == len(ANSWERS)


@given(st.lists(st.text(max_size=6), max_size=4), st.text(max_size=30))
def test_the_first_entry_is_that_of_a_plain_search(entries: list[str], text: str) -> None:
    found = list(first_listed(pl.Series([text]), entries))
    wanted = [" ".join(entry.split()) for entry in entries if entry.split()]
    patterns = [r"(?<!\w)" + r"\s+".join(map(re.escape, entry.split(" "))) + r"(?!\w)" for entry in wanted]
    starts = [match.start() for one in patterns if (match := re.search(one, text, re.IGNORECASE))]
    assert [row[1] for row in found] == ([min(starts)] if starts else [])


XML = [
    ("<note><to>1</to></note>", None),
    ('<?xml version="1.0"?>\n<note x="1"/>', None),
    ("```xml\n<note><to>Ann</to></note>\n```", None),
    ("<note><to>Ann</from></note>", "mismatched tag"),
    ("<note><to>Ann</to>", "no element found"),
    ("<note x=1></note>", "not well-formed (invalid token)"),
    ("<note>a & b</note>", "not well-formed (invalid token)"),
    ("```xml\n<note><to>Ann</note>\n```", "mismatched tag"),
]


@pytest.mark.parametrize(("text", "error"), XML)
def test_xml_that_does_not_parse_is_found_with_its_place(text: str, error: str | None) -> None:
    rows = scored([text])
    assert rows["scorer"].to_list() == ["broken_xml"]
    reason, start = rows.select("reason", "start").row(0)
    assert (reason is None) == (error is None)
    assert error is None or (error in reason and 0 <= start < len(text))


@pytest.mark.parametrize(
    "text", ["<note><br></note>", "<br>", "<p>Hi<p>", "a < b and c > d", "See <a href='x'>y</a>", "<stdio.h>x"]
)
def test_html_and_text_beside_markup_are_not_judged_as_xml(text: str) -> None:
    assert scored([text], "Write the page").is_empty()
    assert scored(["<a><b></a>"], "Write a React tag").is_empty()


@given(st.text(st.sampled_from('<>/ab&;"=! \u00e9'), max_size=25))
def test_the_parser_agrees_with_that_of_the_standard_library(inner: str) -> None:
    text = f"<r>{inner}</r>"
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError:
        assert xml_error(text) is not None
    else:
        assert xml_error(text) is None


def test_entities_are_refused_and_never_expanded() -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'
    assert xml_error(bomb) == ("it declares entities", bomb.index("<!ENTITY"))
