"""Text of a data set is only ever text: no query, file or table may take it for anything else, or change it."""

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from workbench.project import Project
from workbench.reviewing import Filter

HOSTILE = [
    "'; DROP TABLE examples; --",
    '" OR 1=1; DELETE FROM decisions; --',
    "$text $role ? %s {name} :x",
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "![x](http://evil.example/p.png) [a](javascript:alert(1))",
    '=HYPERLINK("http://evil.example","click")',
    "a\tb\r\nc\u2028d\u2029e\u0085f",
    "zero\x00byte",
    "\u202eright to left\u202c \ufeffbom \u200b",
    "😀 👩‍👩‍👧 ǅ ﬀ İ ẞ é e\u0301",
    "\\ backslash \\u0041 \\' \\\"",
    "%_[]^$.*+?()|",
    "x" * 100_000,
]


@pytest.fixture
def hostile(project: Project, write_jsonl) -> Project:
    """Import a conversation for each text, the text in every place that can hold one."""
    rows = [
        {
            "messages": [
                {"role": "system", "content": f"system {text}"},
                {"role": "user", "content": f"user {number} {text}"},
                {"role": "assistant", "content": f"assistant {text}"},
            ],
            f"column {text[:60]}": text,
        }
        for number, text in enumerate(HOSTILE)
    ]
    report = project.importing.import_files([write_jsonl("a.jsonl", rows)], source="s'; DROP TABLE imports; --")
    assert (report.accepted, report.rejected) == (len(HOSTILE), 0)
    return project


def test_every_text_comes_back_as_it_was(hostile: Project) -> None:
    ids = hostile.reviewing.queue(Filter(), "position")
    cards = hostile.reviewing.cards(ids)
    for number, (card, text) in enumerate(zip(cards, HOSTILE, strict=True)):
        contents = [message["content"] for message in card.messages]
        assert contents == [f"system {text}", f"user {number} {text}", f"assistant {text}"]
        assert card.source == "s'; DROP TABLE imports; --"
        assert json.loads(json.dumps(card.to_dict())) == card.to_dict()
    page = hostile.reviewing.page(Filter(), "position")
    assert page["completion"].to_list() == [f"assistant {text}" for text in HOSTILE]
    metadata = hostile.tables.table("occurrences").sort("line")["metadata"].to_list()
    assert [list(json.loads(text).values()) for text in metadata] == [[text] for text in HOSTILE]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_text_can_be_searched_for_noted_filtered_and_undone(hostile: Project, text: str) -> None:
    reviewing = hostile.reviewing
    found = reviewing.page(Filter(text=text), "position")
    assert any(text in completion for completion in found["completion"])
    assert found.height < len(HOSTILE)
    example_id = found["example_id"][0]
    reviewing.decide([example_id], "keep", who=text, note=text, origin=text)
    reviewing.note(example_id, text, who=text)
    history = reviewing.history(example_id)
    assert history.select("who", "note").rows() == [(text, text), (text, text)]
    assert reviewing.cards([example_id])[0].history[0]["note"] == text
    assert reviewing.undo(text) is not None
    for chosen in (
        Filter(source=text),
        Filter(group=text),
        Filter(scorer=text),
        Filter(state=text),
        Filter(split=text),
    ):
        assert reviewing.count(chosen) == 0
    assert reviewing.cards([text]) == []
    assert reviewing.history(text).is_empty()
    assert hostile.curation.duplicate_group(text) == []
    assert hostile.reviewing.count(Filter()) == len(HOSTILE)


def test_every_text_survives_an_edit(hostile: Project) -> None:
    example_id = hostile.reviewing.queue(Filter())[0]
    for text in HOSTILE:
        messages = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
        example_id = hostile.reviewing.edit(example_id, messages, "ada", note=text)
        assert hostile.reviewing.cards([example_id])[0].messages == messages


def test_every_text_survives_in_each_table_that_is_written(hostile: Project, tmp_path: Path) -> None:
    for name in ("examples.jsonl", "examples.parquet"):
        out = tmp_path / name
        assert hostile.tables.write("examples", out) == len(HOSTILE)
        read = pl.read_parquet(out).to_dicts() if out.suffix == ".parquet" else _lines(out)
        texts = {messages_of(row["messages"])[2]["content"] for row in read}
        assert texts == {f"assistant {text}" for text in HOSTILE}


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def test_lone_surrogates_are_kept_apart_or_kept_whole_but_never_stop_an_import(project: Project, write_jsonl) -> None:
    lines = ['{"prompt": "half \\ud83d", "completion": "b"}', '{"prompt": "c", "completion": "d"}']
    report = project.importing.import_files([write_jsonl("a.jsonl", lines)])
    assert report.accepted + report.rejected == 2
    assert report.accepted >= 1
    assert "c" in project.reviewing.page(Filter())["prompt"].to_list()


def test_an_edit_with_half_a_character_is_refused_in_words(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", [{"prompt": "a", "completion": "b"}])])
    example_id = project.reviewing.queue(Filter())[0]
    messages = [{"role": "user", "content": "half \ud83d"}, {"role": "assistant", "content": "b"}]
    with pytest.raises(CurationError, match="character"):
        project.reviewing.edit(example_id, messages, "ada")
    assert project.reviewing.queue(Filter()) == [example_id]


def test_rejected_lines_keep_their_text(project: Project, write_jsonl) -> None:
    bad = [f'{{"prompt": {json.dumps(text)}, "completion": ' for text in HOSTILE[:-1]]
    report = project.importing.import_files([write_jsonl("a.jsonl", [*bad, {"prompt": "a", "completion": "b"}])])
    assert report.rejected == len(bad)
    rejected = project.importing.rejected()
    assert rejected["raw"].to_list() == bad
    assert rejected["line"].to_list() == list(range(1, len(bad) + 1))


def test_nothing_was_dropped_on_the_way(hostile: Project) -> None:
    for text in HOSTILE:
        hostile.reviewing.count(Filter(text=text, source=text))
    sizes = dict(hostile.tables.sizes().select("table", "rows").rows())
    assert (sizes["examples"], sizes["occurrences"]) == (len(HOSTILE), len(HOSTILE))
