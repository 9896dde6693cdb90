"""The taste through a project: decisions in, scores and queues out; nothing is decided by it."""

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from workbench.cli.main import workbench
from workbench.project import Project
from workbench.reviewing import Filter

ROWS = 160


@pytest.fixture
def ids(project: Project, write_jsonl, word_encoder) -> list[str]:
    """Two sources, one three times the other; every other answer shouts."""
    rows = []
    for n in range(ROWS):
        answer = f"Your parcel {n} will come tomorrow at noon."
        rows.append({"prompt": f"Where is parcel {n}?", "completion": answer.upper() if n % 2 else answer})
    project.importing.import_files([write_jsonl("a.jsonl", rows[: ROWS // 4])], source="few")
    project.importing.import_files([write_jsonl("b.jsonl", rows[ROWS // 4 :])], source="many")
    return project.reviewing.queue(Filter(), "position")


def say(project: Project, ids: list[str], who: str, queue: str, first: int = 1) -> None:
    """Drop what shouts and keep the rest, as the review card logs it."""
    events = []
    for number, card in enumerate(project.reviewing.cards(ids, who), start=first):
        action = "drop" if str(card.messages[-1]["content"]).isupper() else "keep"
        events.append(
            {"session": who, "sequence": number, "example_id": card.example_id, "action": action, "queue": queue}
        )
    project.reviewing.log(events, who)


def test_decisions_teach_scores_that_fill_a_queue_and_decide_nothing(project: Project, ids: list[str]) -> None:
    drawn = project.queues.candidates("random", Filter(), "ada").ids
    assert sorted(drawn) == sorted(ids)
    say(project, drawn[:80], "ada", "random")
    before = project.store.decisions.states()
    (report,) = project.tasting.learn()
    assert (report.verdict, report.decisions, report.at_random) == ("better than chance", 80, 80)
    assert report.measured_at_random
    assert project.store.decisions.states().equals(before)
    likely = project.queues.candidates("likely_problems", Filter(), "ada").ids
    assert sorted(likely) == sorted(drawn[80:])
    cards = project.reviewing.cards(likely[:20])
    assert sum(str(card.messages[-1]["content"]).isupper() for card in cards) >= 19
    assert project.tasting.reports() == [report]
    assert not project.tasting.behind()
    worst = project.tasting.likely_problems(limit=3)
    assert worst["example_id"].to_list() == likely[:3]
    assert worst["like"].str.contains("dropped: Where is parcel").all()


def test_decisions_of_the_likely_problems_are_marked(project: Project, ids: list[str]) -> None:
    drawn = project.queues.candidates("random", Filter(), "ada").ids
    say(project, drawn[:80], "ada", "random")
    project.tasting.learn()
    say(project, project.queues.candidates("likely_problems", Filter(), "ada").ids[:30], "ada", "likely_problems", 81)
    assert project.tasting.behind()
    (report,) = project.tasting.learn()
    assert (report.decisions, report.at_random) == (110, 80)
    assert sum(band["examples"] for band in report.reliability) == 80
    assert Counter(project.tables.table("decisions")["queue"]) == {"random": 80, "likely_problems": 30}


def test_the_random_queue_gives_every_source_its_share_of_every_stretch(project: Project, ids: list[str]) -> None:
    few = set(project.reviewing.queue(Filter(source="few"), "position"))
    drawn = project.queues.candidates("random", Filter(), "ada").ids
    for start in range(0, ROWS, 40):
        assert sum(one in few for one in drawn[start : start + 40]) == pytest.approx(10, abs=1)
    assert drawn != ids
    assert project.queues.candidates("random", Filter(), "ben").ids == drawn


def test_each_reviewer_gets_the_likely_problems_of_their_own_taste(project: Project, ids: list[str]) -> None:
    drawn = project.queues.candidates("random", Filter(), "ada").ids
    say(project, drawn[:60], "ada", "random")
    opposite = [
        {"session": "ben", "sequence": n, "example_id": card.example_id, "queue": "random",
         "action": "keep" if str(card.messages[-1]["content"]).isupper() else "drop"}
        for n, card in enumerate(project.reviewing.cards(drawn[60:120]), start=1)
    ]  # fmt: skip
    project.reviewing.log(opposite, "ben")
    assert [report.reviewer for report in project.tasting.learn()] == ["", "ada", "ben"]
    first = [project.queues.candidates("likely_problems", Filter(), who).ids[0] for who in ("ada", "ben")]
    shouting = [str(card.messages[-1]["content"]).isupper() for card in project.reviewing.cards(first)]
    assert shouting == [True, False]


def test_without_decisions_or_with_few_there_is_a_stated_result(project: Project, ids: list[str]) -> None:
    with pytest.raises(CurationError, match="Nobody has kept or dropped"):
        project.tasting.learn()
    say(project, ids[:10], "ada", "random")
    (report,) = project.tasting.learn()
    assert report.verdict == "too few decisions"
    assert "not known yet" in report.sentence
    assert project.tables.table("taste").is_empty()
    assert project.tasting.likely_problems().is_empty()


def test_bulk_decisions_are_no_judgements_but_a_file_of_ids_is(project: Project, ids: list[str]) -> None:
    project.reviewing.decide_where(Filter(source="many"), "drop", "ada")
    assert project.tasting.judged() == (0, 0)
    project.reviewing.decide(ids[:5], "keep", "ada", origin="ids in good.txt")
    assert project.tasting.judged() == (5, 0)


def test_the_command_tells_and_writes_the_same(project: Project, ids: list[str]) -> None:
    say(project, project.queues.candidates("random", Filter(), "ada").ids[:80], "ada", "random")
    folder: Path = project.folder
    project.close()
    answer = CliRunner().invoke(workbench, ["taste", str(folder), "--show", "2"])
    assert answer.exit_code == 0, answer.output
    assert "The taste is better than chance: AUC" in answer.output
    assert "calibration error" in answer.output
