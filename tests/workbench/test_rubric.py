"""Rating single answers on criteria: what a rater sees, what is stored before, and what comes of it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.rating.criteria import DEFAULT_CRITERIA
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.runs import EvaluationRecord

Write = Callable[..., Path]
EVALUATION, VARIANTS = "evaluation-0001", ["base", "tuned-curated"]
EXAMPLES = 40
NAMES = [criterion.name for criterion in DEFAULT_CRITERIA]
OWN = [{"name": "Takt <b>", "anchors": ["a", "b", "c", "d", "e"]}]


@pytest.fixture
def ids(project: Project, write_jsonl: Write) -> list[str]:
    """A project with an evaluation whose two variants have answered every example, the first of them alike."""
    rows = [{"prompt": f"Question {n}?", "completion": f"Reference {n}."} for n in range(EXAMPLES)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    ids = project.reviewing.queue(Filter(), "position")
    record = EvaluationRecord(EVALUATION, "v", "test", VARIANTS, {}, {}, EXAMPLES, project.store.now())
    project.store.runs.add_evaluation(record)
    outputs = [
        {"variant": variant, "example_id": key, "text": "same" if n == 0 else f"answer {n} of kind {kind}"}
        for kind, variant in enumerate(VARIANTS)
        for n, key in enumerate(ids)
    ]
    empty = pl.DataFrame(schema={"variant": pl.String})
    tables = {"outputs": pl.DataFrame(outputs), "output_scores": empty, "metrics": empty, "differences": empty}
    project.store.runs.store_results(EVALUATION, tables)
    return ids


def begin(project: Project, rater: str = "ada", count: int = EXAMPLES) -> tuple[int, int]:
    return project.rubric.begin(EVALUATION, VARIANTS, rater, count)


def event(sequence: int, answer_id: str, action: str = "score", **more: object) -> dict[str, object]:
    return {"session": "s", "sequence": sequence, "answer_id": answer_id, "action": action, **more}


def score(project: Project, sequence: int, answer_id: str, value: int, rater: str = "ada", note: str = "") -> int:
    told = event(sequence, answer_id, scores=dict.fromkeys(NAMES, value), note=note) | {"session": f"s-{rater}"}
    return project.rubric.rate([told], rater)


def rate_all(project: Project, rater: str = "ada") -> None:
    """The tuned answers get a 4, the base's a 3, and what both gave a 5."""
    for number, card in enumerate(project.rubric.pending(EVALUATION, rater, 1000), start=1):
        value = 5 if card.text == "same" else 3 + int(card.text.endswith("1"))
        score(project, number, card.answer_id, value, rater)


def test_answers_are_drawn_and_stored_before_anything_is_shown(project: Project, ids: list[str]) -> None:
    # 40 examples, two variants, one answer alike: 79 answers, and one in twenty of them again.
    assert begin(project) == (0, 79 + 3)
    before = project.store.rubric.answers(EVALUATION).rows()
    assert begin(project) == (0, 82)
    assert project.store.rubric.answers(EVALUATION).rows() == before
    assert len(before) == 80 + 3
    assert begin(project, "ben", 5)[1] in (9, 10)
    drawn = project.store.rubric.answers(EVALUATION, rater="ben")
    assert set(drawn["example_id"]) <= set(ids)
    assert drawn["example_id"].n_unique() == 5


def test_no_card_names_a_variant(project: Project, ids: list[str]) -> None:
    begin(project)
    cards = project.rubric.pending(EVALUATION, "ada", 1000)
    assert len(cards) == 82
    drawn = {row["answer_id"]: row for row in project.store.rubric.answers(EVALUATION).iter_rows(named=True)}
    for card in cards:
        assert not any(variant in json.dumps(card.to_dict()) for variant in VARIANTS)
        assert set(asdict(card)) == {"answer_id", "messages", "text", "reference"}
        assert [message["role"] for message in card.messages] == ["user"]
        row = drawn[card.answer_id]
        number = ids.index(row["example_id"])
        assert card.text == ("same" if number == 0 else f"answer {number} of kind {VARIANTS.index(row['variant'])}")
        assert card.reference == f"Reference {number}."


def test_scores_are_stored_once_can_be_changed_skipped_and_taken_back(project: Project, ids: list[str]) -> None:
    begin(project, count=10)
    first, second, third = project.rubric.pending(EVALUATION, "ada", 3)
    assert project.rubric.last_seen(EVALUATION, "ada") is None
    assert score(project, 1, first.answer_id, 4, note=" good ") == 1
    assert score(project, 1, first.answer_id, 2) == 1
    assert set(project.store.rubric.scores(EVALUATION)["score"]) == {4}
    assert set(project.store.rubric.scores(EVALUATION)["note"]) == {"good"}
    score(project, 2, first.answer_id, 2)
    assert set(project.store.rubric.scores(EVALUATION)["score"]) == {2}
    assert project.rubric.rate([event(1, second.answer_id, "skip")], "ada") == 1
    assert project.rubric.progress(EVALUATION, "ada")[0] == 2
    assert project.rubric.pending(EVALUATION, "ada", 1) == [third]
    assert project.rubric.last_seen(EVALUATION, "ada") == second
    assert set(project.store.rubric.scores(EVALUATION)["example_id"]) == {
        row["example_id"]
        for row in project.store.rubric.answers(EVALUATION).iter_rows(named=True)
        if row["answer_id"] == first.answer_id
    }
    for number, card in enumerate((second, first), start=2):
        project.rubric.rate([event(number, card.answer_id, "undo")], "ada")
    assert project.rubric.progress(EVALUATION, "ada")[0] == 0
    assert project.rubric.pending(EVALUATION, "ada", 3) == [first, second, third]
    assert project.rubric.results(EVALUATION) is None
    # Nothing was overwritten.
    assert project.store.rubric._database.value("SELECT count(*) FROM score_events") == 5


def test_an_answer_that_both_gave_is_shown_once_and_counts_for_both(project: Project, ids: list[str]) -> None:
    begin(project)
    rate_all(project)
    results = project.rubric.results(EVALUATION)
    assert results is not None
    means = dict(results.levels.filter(criterion="tone").select("variant", "mean").rows())
    # 39 threes and a five; 39 fours and a five.
    assert means == {"base": pytest.approx(122 / 40), "tuned-curated": pytest.approx(161 / 40)}
    row = results.differences.filter(criterion="tone").row(0, named=True)
    assert (row["variant"], row["difference"], row["n"]) == ("tuned-curated", pytest.approx(39 / 40), 40)
    assert (row["higher"], row["lower"], row["verdict"]) == (39, 0, "better")
    again = results.self_agreement.row(0, named=True)
    assert (again["repeats"], again["same"]) == (3, 1.0)
    assert results.criteria == NAMES
    assert project.rubric.progress(EVALUATION, "ada") == (82, 82)
    assert project.store.rubric.rated_count() == 79


def test_ratings_stay_with_the_wording_that_they_were_made_under(project: Project, ids: list[str]) -> None:
    begin(project, count=4)
    rate_all(project)
    assert project.rubric.version() == 1
    assert project.rubric.set_criteria(OWN, "ada") == 2
    assert project.rubric.set_criteria(OWN, "ada") == 2
    assert project.rubric.progress(EVALUATION, "ada") == (0, 0)
    _, drawn = begin(project, count=4)
    assert drawn in (7, 8)
    card = project.rubric.pending(EVALUATION, "ada", 1)[0]
    project.rubric.rate([event(1, card.answer_id, scores={"Takt <b>": 5})], "ada")
    results = project.rubric.results(EVALUATION)
    assert results is not None
    assert (results.version, results.criteria) == (2, ["Takt <b>"])
    assert "made under version 1 of the criteria" in results.notes[-1]
    assert [found.version for found in project.rubric.all_results(EVALUATION)] == [2, 1]
    # Going back to the earlier wording goes on with its ratings.
    assert project.rubric.set_criteria(DEFAULT_CRITERIA, "ada") == 1
    assert project.rubric.progress(EVALUATION, "ada")[0] > 0
    assert project.rubric.criteria() == DEFAULT_CRITERIA
    assert project.rubric.criteria(2)[0].name == "Takt <b>"
    assert project.tables.table("criteria")["place"].unique().sort().to_list() == [1, 2, 3]


def test_two_raters_see_the_same_examples_and_their_agreement_is_told(project: Project, ids: list[str]) -> None:
    for rater in ("ada", "ben"):
        begin(project, rater, 12)
        rate_all(project, rater)
    results = project.rubric.results(EVALUATION)
    assert results is not None
    assert results.agreement["criterion"].to_list() == NAMES
    assert results.agreement["alpha"].to_list() == [1.0] * 4
    assert results.raters["rater"].to_list() == ["ada", "ben"]
    assert not results.raters["stands_out"].any()


def test_what_is_no_rating_is_refused_and_stores_nothing(project: Project, ids: list[str]) -> None:
    begin(project, count=3)
    answer = project.rubric.pending(EVALUATION, "ada", 1)[0].answer_id
    full = dict.fromkeys(NAMES, 3)
    for wrong, rater in (
        (event(1, answer, "praise"), "ada"),
        (event(1, "nothing", scores=full), "ada"),
        (event(1, answer, scores=full), "ben"),
        (event(1, answer, scores={**full, "tone": 6}), "ada"),
        (event(1, answer, scores={**full, "charm": 3}), "ada"),
        (event(1, answer, scores={"tone": 3}), "ada"),
        (event(1, answer), "ada"),
    ):
        with pytest.raises(CurationError) as caught:
            project.rubric.rate([event(2, answer, scores=full), wrong], rater)
        assert caught.value.remedy
    for variants, evaluation in ((["base", "nobody"], EVALUATION), ([], EVALUATION), (VARIANTS, "evaluation-0009")):
        with pytest.raises(CurationError):
            project.rubric.begin(evaluation, variants, "ada")
    assert project.store.rubric.scores(EVALUATION).is_empty()
    assert project.rubric.rate([], "ada") == 0


def test_criteria_are_read_from_what_the_command_prints(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "criteria.json"
    path.write_text(json.dumps({"version": 0, "criteria": OWN}), "utf-8")
    assert project.rubric.set_criteria_from(path, "ada") == 1
    path.write_text(json.dumps(OWN), "utf-8")
    assert project.rubric.set_criteria_from(path, "ada") == 1
    for text in ("{", '"x"', '{"criteria": {}}', "[]", '[{"name": "x"}]'):
        path.write_text(text, "utf-8")
        with pytest.raises(CurationError):
            project.rubric.set_criteria_from(path, "ada")
    with pytest.raises(CurationError, match="cannot be read"):
        project.rubric.set_criteria_from(tmp_path / "missing.json", "ada")
    assert project.rubric.criteria()[0].name == "Takt <b>"


# --- from elsewhere --------------------------------------------------------------------------------------------------


@pytest.fixture
def imported(project: Project, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], object]:
    """Return a function that imports a file of ratings into the evaluation."""
    monkeypatch.setattr(project.importing_results._comparing, "evaluation", lambda name: None)
    return lambda path: project.importing_results.import_ratings(path, EVALUATION)


def test_scores_from_elsewhere_are_stored_once(
    project: Project, ids: list[str], imported: Callable[[Path], object], write_jsonl: Write, tmp_path: Path
) -> None:
    rows = [
        {"rater": "eve", "example_id": key, "variant": variant, "scores": {"tone": 2 + kind, "helpfulness": 4}}
        for key in ids[:3]
        for kind, variant in enumerate(VARIANTS)
    ]
    path = write_jsonl("scores.jsonl", rows)
    assert asdict(imported(path)) == {"evaluation": EVALUATION, "ratings": 6, "known": 0, "raters": ["eve"]}  # type: ignore[call-overload]
    assert imported(path).known == 6  # type: ignore[attr-defined]
    assert project.store.rubric.scores(EVALUATION).height == 12
    table = tmp_path / "scores.csv"
    table.write_text(f"rater,example_id,variant,tone\nfay,{ids[0]},base,5\n", "utf-8")
    imported(table)
    results = project.rubric.results(EVALUATION)
    assert results is not None
    levels = dict(results.levels.filter(criterion="tone").select("variant", "mean").rows())
    # The base: (2 + 5) / 2, 2 and 2 on three examples.
    assert levels == {"base": pytest.approx(7.5 / 3), "tuned-curated": 3.0}


def test_scores_of_what_was_drawn_here_go_to_the_drawn_answer(
    project: Project, ids: list[str], imported: Callable[[Path], object], write_jsonl: Write
) -> None:
    begin(project, count=5)
    drawn = project.store.rubric.answers(EVALUATION).row(0, named=True)
    about = {"example_id": drawn["example_id"], "variant": drawn["variant"]}
    imported(write_jsonl("a.jsonl", [{"rater": "ada", **about, "scores": {"tone": 1}}]))
    imported(write_jsonl("b.jsonl", [{"rater": "ada", "answer_id": drawn["shown_as"], "scores": {"tone": 2}}]))
    assert set(project.store.rubric.scores(EVALUATION)["score"]) == {2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rater": " "}, "no rater"),
        ({"variant": "gpt"}, "'gpt' has no answer"),
        ({"example_id": "unknown"}, "has no answer to example unknown"),
        ({"example_id": None, "answer_id": "x"}, "unknown to evaluation-0001"),
        ({"variant": "tuned-curated", "scores": {"tone": 7}}, "line 2: '7' is no score"),
        ({"variant": "tuned-curated", "scores": {"charm": 3}}, "none of the criteria"),
        ({"variant": "tuned-curated", "scores": {}}, "no scores"),
        ({}, "rated before in the file"),
    ],
)
def test_scores_that_cannot_be_placed_are_refused_with_their_line(
    project: Project,
    ids: list[str],
    imported: Callable[[Path], object],
    write_jsonl: Write,
    change: dict[str, object],
    message: str,
) -> None:
    good = {"rater": "eve", "example_id": ids[0], "variant": "base", "scores": {"tone": 3}}
    with pytest.raises(CurationError, match=message):
        imported(write_jsonl("scores.jsonl", [good, good | change]))
    assert project.store.rubric.scores(EVALUATION).is_empty()
    assert project.store.rubric.answers(EVALUATION).is_empty()
