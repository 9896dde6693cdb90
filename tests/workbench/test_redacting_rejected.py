"""Rejected answers of preference pairs are redacted with their examples: seen, done, exported, trained on, undone."""

import json

import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from workbench.cli.main import workbench
from workbench.pair_data import pair_rows
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.splitting import read_ratios

MAIL = "ann.lee@mail.example"


def pair(number: int, chosen: str = "", rejected: object = "") -> dict[str, object]:
    return {
        "prompt": f"Where is parcel number {number} of customer {number * 7}?",
        "chosen": chosen or f"It is on its way {number}.",
        "rejected": rejected or f"No idea {number}.",
    }


@pytest.fixture
def pairs(project: Project, write_jsonl) -> Project:
    """Forty pairs; three hold an address: the rejected answer alone, both answers, and a whole conversation."""
    rows = [pair(number) for number in range(40)]
    rows[0] = pair(0, rejected=f"Ask {MAIL}.")
    rows[1] = pair(1, f"We told {MAIL} already.", f"Ask {MAIL} or bob@mail.example.")
    asked = f"I am {MAIL}, where is my parcel?"
    rows[2] = {
        "chosen": [{"role": "user", "content": asked}, {"role": "assistant", "content": "Near you."}],
        "rejected": [{"role": "user", "content": asked}, {"role": "assistant", "content": f"Who is {MAIL}?"}],
    }
    project.importing.import_files([write_jsonl("pairs.jsonl", rows)])
    return project


def split_and_pairs(project: Project) -> list[str]:
    """Split, all in train but for what must be elsewhere, and return the lines that preference training gets."""
    project.splitting.split(read_ratios("100/0/0"), include_pending=True)
    version = project.store.versions.current()
    assert version is not None
    return pair_rows(project.store, version, "train", "curated").lines


def test_preview_apply_and_undo_cover_the_rejected_answer(pairs: Project) -> None:
    with pytest.raises(CurationError, match="not looked for yet"):
        pairs.redacting.preview("redact")
    pairs.curation.curate(["personal-data"])
    seen = pairs.redacting.preview("redact")
    # Messages: one in the second chosen answer, one in the third prompt. Rejected: 1, 2, and 2 in the conversation.
    assert seen.kinds.rows() == [("e-mail", 3, 7)]
    assert (seen.examples, seen.refused) == (3, 0)
    assert any(change.after == "Ask [e-mail] or [e-mail]." for change in seen.first)
    before = split_and_pairs(pairs)
    assert sum(MAIL in line for line in before) == 3
    done = pairs.redacting.apply("redact", "ada")
    assert done.examples == 3
    after = split_and_pairs(pairs)
    assert len(after) == len(before) == 40
    assert not any("mail.example" in line for line in after)
    assert sum("[e-mail]" in line for line in after) == 3
    pairs.curation.curate(["personal-data"])
    assert pairs.redacting.preview("redact").examples == 0
    assert pairs.reviewing.undo("ada").batch == done.batch
    assert sorted(split_and_pairs(pairs)) == sorted(before)


def test_a_pair_whose_rejected_answer_alone_holds_some_is_redacted_dropped_and_undone(pairs: Project) -> None:
    pairs.curation.curate(["personal-data"])
    example = pairs.browsing.page(Filter(text="number 0 of")).rows["example_id"][0]
    pairs.redacting.apply("redact", "ada")
    assert [entry.action for entry in pairs.history.of(example)][-1] == "redact"
    taken = pairs.reviewing.undo("ada")
    assert example in taken.example_ids
    assert pairs.redacting.apply("drop", "ada").examples == 3
    assert pairs.reviewing.count(Filter(state="dropped")) == 3
    pairs.reviewing.undo("ada")
    assert pairs.reviewing.count(Filter(state="dropped")) == 0


def test_exports_of_pairs_hold_the_redacted_answer_and_lines_stay_as_they_were_imported(pairs, tmp_path) -> None:
    pairs.curation.curate(["personal-data"])
    pairs.redacting.apply("pseudonymise", "ada")
    pairs.splitting.split(read_ratios("100/0/0"), include_pending=True)
    for name in ("openai-preference", "trl-preference"):
        report = pairs.exporting.export(tmp_path / name, name)
        written = report.files["train"][0].read_text("utf-8")
        assert report.files["train"][1] == 40
        assert "mail.example" not in written
    words = {word.strip("[].,?") for line in written.splitlines() for word in line.split() if "[e-mail-" in word}
    assert len({word.split("[")[-1].split("]")[0] for word in words}) == 2
    example = pairs.browsing.page(Filter(text="number 0 of")).rows["example_id"][0]
    (line,) = pairs.store.examples.raw_lines(example)
    assert MAIL in line["raw"]


def test_a_later_redaction_goes_on_from_an_earlier_one_and_undo_goes_back_to_it(project: Project, write_jsonl) -> None:
    rows = [pair(0, rejected=f"Ask {MAIL} or call +49 30 1234567."), *(pair(number) for number in range(1, 12))]
    project.importing.import_files([write_jsonl("pairs.jsonl", rows)])
    project.curation.curate(["personal-data"])

    def reads() -> str:
        return next(str(row[2]) for row in project.store.rejected_answers.answers() if "Ask" in str(row[2]))

    project.redacting.apply("redact", "ada", ["phone"])
    assert reads() == f"Ask {MAIL} or call [phone]."
    project.redacting.apply("redact", "ada", ["e-mail"])
    assert reads() == "Ask [e-mail] or call [phone]."
    project.reviewing.undo("ada")
    assert reads() == f"Ask {MAIL} or call [phone]."
    project.reviewing.undo("ada")
    assert reads() == f"Ask {MAIL} or call +49 30 1234567."


def test_the_command_tells_and_takes_out_what_a_rejected_answer_holds(pairs: Project) -> None:
    pairs.curation.curate(["personal-data"])
    pairs.close()
    told = CliRunner().invoke(workbench, ["personal-data", str(pairs.folder), "--redact", "--apply", "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["examples"] == 3
