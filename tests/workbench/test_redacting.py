"""Personal data is taken out as the preview says, undone as one; nothing sealed is touched, nothing found is noted."""

import json
import logging

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from tests.workbench.conftest import chat
from workbench.cli.main import workbench
from workbench.project import Project
from workbench.reviewing import Filter

SECRETS = ("ann.lee@mail.example", "bob@mail.example", "+49 30 1234567", "hunter2!x")


def texts(project: Project) -> list[tuple[str, str, str]]:
    rows = project.browsing.page(Filter()).rows
    return sorted(rows.select("prompt", "completion", "state").rows())


@pytest.fixture
def curated(project: Project, write_jsonl) -> Project:
    rows = [
        chat("I am ann.lee@mail.example", "Thank you, we write to Ann.Lee@mail.example."),
        chat("Is it bob@mail.example?", "We call +49 30 1234567."),
        chat("Again ann.lee@mail.example", "Noted."),
        chat("Where is my parcel?", "On its way."),
    ]
    parts = [{"type": "text", "text": "See this"}, {"type": "text", "text": "my password is hunter2!x thanks"}]
    rows.append({"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "Seen."}]})
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    project.curation.curate(["personal-data"])
    return project


def test_redacting_does_what_the_preview_says_and_undo_takes_it_back(curated: Project) -> None:
    before = texts(curated)
    flagged = curated.reviewing.queue(Filter(text="bob@"))
    curated.reviewing.decide(flagged, "flag", "ada")
    seen = curated.redacting.preview("redact")
    assert seen.kinds.rows() == [("e-mail", 3, 4), ("password", 1, 1), ("phone", 1, 1)]
    assert (seen.examples, seen.refused, len(seen.first)) == (4, 0, 4)
    done = curated.redacting.apply("redact", "ada")
    assert (done.examples, done.refused) == (4, 0)
    after = texts(curated)
    assert ("I am [e-mail]", "Thank you, we write to [e-mail].", "pending") in after
    assert ("Is it [e-mail]?", "We call [phone].", "flagged") in after
    assert ("See this\nmy password is [password] thanks", "Seen.", "pending") in after
    assert not any(secret in str(after) for secret in SECRETS)
    curated.curation.curate(["personal-data"])
    assert curated.redacting.preview("redact").examples == 0
    assert curated.reviewing.undo("ada").batch == done.batch
    curated.reviewing.undo("ada")
    assert texts(curated) == before


def test_a_value_has_one_stand_in_in_the_whole_project_and_another_elsewhere(curated: Project, tmp_path) -> None:
    first = curated.redacting.preview("pseudonymise", ["e-mail"]).first
    curated.redacting.apply("pseudonymise", "ada", ["e-mail"])
    words = [word.strip(".?") for row in texts(curated) for word in f"{row[0]} {row[1]}".split() if "[e-mail-" in word]
    assert len(words) == 4
    assert len(set(words)) == 2
    assert {change.after for change in first} <= {
        part for row in texts(curated) for part in (*row, f"{row[0]}\n\n{row[1]}")
    }
    assert any("+49 30 1234567" in row[1] for row in texts(curated))
    with Project.create(tmp_path / "other") as other:
        assert other.store.keys.pseudonym_key("b" * 64) != curated.store.keys.pseudonym_key("a" * 64)
        assert other.store.keys.pseudonym_key("c" * 64) == "b" * 64


def test_dropping_leaves_the_texts_and_is_undone_as_one(curated: Project) -> None:
    done = curated.redacting.apply("drop", "ada", ["phone", "password"])
    assert done.examples == 2
    assert curated.reviewing.count(Filter(state="dropped")) == 2
    assert curated.redacting.preview("drop").examples == 2
    curated.reviewing.undo("ada")
    assert curated.reviewing.count(Filter(state="dropped")) == 0


def test_nothing_sealed_is_changed_or_copied(curated: Project, write_jsonl) -> None:
    curated.importing.import_files(
        [write_jsonl("b.jsonl", [chat("I am [e-mail]", "Thank you, we write to [e-mail].")])]
    )
    sealed = [
        *curated.reviewing.queue(Filter(text="I am [e-mail]")),
        *curated.reviewing.queue(Filter(text="Again ann")),
    ]
    members = pl.DataFrame({"example_id": sealed, "split": "test", "group_id": ["g", "h"], "included": True})
    curated.store.versions.add("v", members, settings={}, certificate={}, notes=[], now=curated.store.now())
    seen = curated.redacting.preview("redact")
    assert (seen.examples, seen.refused) == (2, 1)
    assert curated.redacting.apply("redact", "ada").examples == 2


def test_nothing_that_was_found_is_noted_or_logged(curated: Project, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        for way in ("redact", "pseudonymise", "drop"):
            curated.redacting.apply(way, "ada")
            decided = json.dumps(curated.tables.table("decisions").to_dicts(), default=str)
            assert "personal data" in decided
            assert not any(secret in decided for secret in SECRETS)
            curated.reviewing.undo("ada")
    assert not any(secret in caplog.text for secret in SECRETS)


def test_it_says_what_is_missing_or_unknown(curated: Project, tmp_path) -> None:
    with pytest.raises(CurationError, match="treated by 'burn'"):
        curated.redacting.preview("burn")
    with pytest.raises(CurationError, match="no kind of personal data named 'shoe size'"):
        curated.redacting.preview("redact", ["shoe size"])
    with Project.create(tmp_path / "empty") as empty, pytest.raises(CurationError, match="not looked for yet"):
        empty.redacting.preview("redact")


def test_the_command_previews_and_applies_the_same(curated: Project) -> None:
    folder = str(curated.folder)
    curated.close()
    call = ["personal-data", folder, "--pseudonymise", "--kinds", "e-mail, phone", "--json"]
    seen = json.loads(CliRunner().invoke(workbench, call).output)
    assert (seen["way"], seen["examples"], seen["applied"], len(seen["first"])) == ("pseudonymise", 3, False, 3)
    shown = CliRunner().invoke(workbench, ["personal-data", folder]).output
    assert "Would redact 4 examples; --apply does it." in shown
    done = json.loads(CliRunner().invoke(workbench, [*call, "--apply"]).output)
    assert (done["examples"], done["applied"], done["first"]) == (3, True, [])
    with Project.open(curated.folder) as opened:
        assert opened.reviewing.undo("command line").batch == done["batch"]
    assert CliRunner().invoke(workbench, ["personal-data", folder, "--kinds", "shoe"]).exit_code == 1
