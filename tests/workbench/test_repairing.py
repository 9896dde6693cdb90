"""Find and replace: what the preview says is what is done, nothing sealed is touched, and undo takes it all back."""

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import chat
from workbench.project import Project
from workbench.repairing import RepairSettings
from workbench.reviewing import Filter


def texts(project: Project) -> list[tuple[str, str, str]]:
    rows = project.browsing.page(Filter()).rows
    return sorted(rows.select("prompt", "completion", "state").rows())


@pytest.fixture
def filled(project: Project, write_jsonl) -> Project:
    rows = [chat(f"Colour {n}?", f"The colour is (red) no. {n}, Colour.") for n in range(4)]
    project.importing.import_files([write_jsonl("a.jsonl", [*rows, chat("Else", "nothing")])])
    return project


def test_a_repair_changes_what_the_preview_says_and_undo_takes_it_back(filled: Project) -> None:
    before = texts(filled)
    dropped = filled.reviewing.queue(Filter(text="colour 1"))
    filled.reviewing.decide(dropped, "drop", "ada")
    settings = RepairSettings(find="(red)", replace="\\blue\\1", where="completion")
    preview = filled.repairing.preview(Filter(), settings)
    assert (preview.searched, preview.changed, preview.refused) == (5, 4, 0)
    done = filled.repairing.apply(Filter(), settings, "ada")
    assert done.changed == 4
    expected = [(p, c.replace("(red)", "\\blue\\1"), "dropped" if "1?" in p else s) for p, c, s in before]
    assert texts(filled) == sorted(expected)
    filled.reviewing.undo("ada")
    filled.reviewing.undo("ada")
    assert texts(filled) == before


@pytest.mark.parametrize(
    ("values", "prompt", "completion"),
    [
        ({"find": "Colour", "replace": "Hue"}, "Hue 0?", "The colour is (red) no. 0, Hue."),
        ({"find": "colour", "replace": "hue", "match_case": False}, "hue 0?", "The hue is (red) no. 0, hue."),
        ({"find": "Colour", "replace": "Hue", "where": "prompt"}, "Hue 0?", "The colour is (red) no. 0, Colour."),
        ({"find": "Colour", "replace": "Hue", "roles": ("assistant",)}, "Colour 0?", "The colour is (red) no. 0, Hue."),
        ({"find": r"\((\w+)\)", "replace": r"[\1]", "regex": True}, "Colour 0?", "The colour is [red] no. 0, Colour."),
    ],
)
def test_a_repair_looks_where_it_is_told(filled: Project, values: dict, prompt: str, completion: str) -> None:
    filled.repairing.apply(Filter(), RepairSettings(**values), "ada")
    assert (prompt, completion, "pending") in texts(filled)


def test_a_repair_makes_no_copy_of_a_sealed_example(filled: Project, write_jsonl) -> None:
    filled.importing.import_files([write_jsonl("b.jsonl", [chat("Colour 9?", "nothing")])])
    sealed = filled.reviewing.queue(Filter(text="Colour 9"))
    members = pl.DataFrame({"example_id": sealed, "split": ["test"], "group_id": ["g"], "included": [True]})
    filled.store.versions.add("v", members, settings={}, certificate={}, notes=[], now=filled.store.now())
    done = filled.repairing.apply(Filter(), RepairSettings(find="Else", replace="Colour 9?"), "ada")
    assert (done.changed, done.refused, done.batch) == (0, 1, None)


def test_what_cannot_be_read_is_said_and_nothing_is_stored(filled: Project) -> None:
    before = texts(filled)
    for find, replace in (("(", ""), ("a", "\\7"), ("(?=x)", "")):
        with pytest.raises(CurationError):
            filled.repairing.apply(Filter(), RepairSettings(find=find, replace=replace, regex=True), "ada")
    assert texts(filled) == before
