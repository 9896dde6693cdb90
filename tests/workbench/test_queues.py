"""Queues, leases, the overlap, and what reviewers differ on: against plain Python, and as properties."""

import random
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import WordEncoder, chat, support_examples
from workbench.project import Project
from workbench.queues import LEASE, QUEUES
from workbench.reviewing import Filter
from workbench.store.leases import overlap_bound
from workbench.store.queues import QUESTIONS

STATES = {"keep": "kept", "drop": "dropped", "flag": "flagged"}


@pytest.fixture
def ids(project: Project, write_jsonl) -> list[str]:
    rows = [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(60)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    return project.reviewing.queue(Filter(), "position")


def is_shared(example_id: str, share: float) -> bool:
    return int(example_id[-8:], 16) < share * 16**8


def every(project: Project, queue: str, who: str, chosen: Filter | None = None) -> list[str]:
    return project.queues.candidates(queue, chosen or Filter(), who).ids


def test_every_queue_is_a_question_of_the_store() -> None:
    assert set(QUEUES) == set(QUESTIONS)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_bound_is_the_share_of_all_ids(share: float) -> None:
    generator = random.Random(0)
    ends = [f"{generator.getrandbits(32):08x}" for _ in range(4000)]
    inside = [end < overlap_bound(share) for end in ends]
    assert inside == [is_shared(end, share) for end in ends]
    assert sum(inside) / len(ends) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_open_examples_equal_a_plain_reading_of_the_votes(project: Project, ids: list[str], seed: int) -> None:
    project.queues.set_overlap(0.4, "lead")
    generator = random.Random(seed)
    votes: dict[str, dict[str, str]] = defaultdict(dict)
    state = dict.fromkeys(ids, "pending")
    settled = set()
    for number in range(90):
        one, who, action = generator.choice(ids), generator.choice(["ada", "ben", "cy"]), generator.choice([*STATES])
        deciding = generator.random() < 0.1
        event = {"session": "s", "sequence": number + 1, "example_id": one, "action": action}
        project.reviewing.log([{**event, "origin": "deciding vote"} if deciding else event], who)
        state[one] = STATES[action]
        if deciding:
            settled.add(one)
        else:
            votes[one][who] = action
    for who in ("ada", "ben", "dan"):
        expected = [
            one
            for one in ids
            if state[one] == "pending"
            or (is_shared(one, 0.4) and one not in settled and who not in votes[one] and bool(set(votes[one]) - {who}))
        ]
        assert every(project, "all", who) == expected
        counts = project.queues.counts(Filter(), who)
        assert {name: len(every(project, name, who)) for name in QUEUES} == counts
        assert counts["all"] == len(expected)
    differ = {one for one in ids if len(set(votes[one].values())) > 1 and one not in settled}
    assert set(every(project, "disagreements", "ada")) == differ
    assert project.queues.disagreements() == len(differ)


@pytest.mark.parametrize("seed", range(4))
def test_no_example_is_leased_twice_but_for_the_overlap(project: Project, ids: list[str], seed: int) -> None:
    project.queues.set_overlap(0.3, "lead")
    generator = random.Random(seed)
    holders = [("ada-1", "ada"), ("ada-2", "ada"), ("ben-1", "ben")]
    known = project.queues.candidates("all", Filter(), "ada").known
    held: dict[str, set[str]] = defaultdict(set)
    for _ in range(60):
        holder, who = generator.choice(holders)
        if held[holder] and generator.random() < 0.3:
            done = set(generator.sample(sorted(held[holder]), 1))
            project.queues.free(sorted(done), holder)
            held[holder] -= done
        wanted = generator.sample(ids, 8)
        got = project.queues.take(wanted, known, holder, who)
        others = [(name, held[name], person) for name, person in holders if name != holder]
        assert got == [
            one
            for one in wanted
            if not any(one in taken and (person == who or not is_shared(one, 0.3)) for _, taken, person in others)
        ]
        held[holder] |= set(got)


def test_a_lease_ends_is_renewed_and_what_is_lost_is_told(project: Project, ids: list[str]) -> None:
    project.queues.set_overlap(0, "lead")
    known = project.queues.candidates("all", Filter(), "ada").known
    clock = project.store.now
    assert project.queues.take(ids[:4], known, "a", "ada") == ids[:4]
    assert project.queues.take(ids[:6], known, "b", "ben") == ids[4:6]
    clock.time += LEASE - timedelta(seconds=60)
    assert project.queues.renew(ids[:4], known, "a", "ada") == []
    clock.time += timedelta(seconds=120)
    # What ben held has ended; what ada renewed has not.
    assert project.queues.take(ids[:6], known, "c", "cy") == ids[4:6]
    assert project.queues.renew(ids[4:6], known, "b", "ben") == sorted(ids[4:6])
    clock.time += 2 * LEASE
    assert project.queues.take(ids[:2], known, "b", "ben") == ids[:2]
    assert project.queues.renew(ids[:4], known, "a", "ada") == sorted(ids[:2])
    # What somebody else decided is lost as well; what one decided and took back oneself is not.
    project.reviewing.decide([ids[2]], "keep", "ben")
    project.reviewing.decide([ids[3]], "keep", "ada")
    assert project.queues.renew(ids[2:4], known, "a", "ada") == [ids[2]]
    assert project.queues.take([ids[2], ids[3]], known, "a", "ada") == []
    project.reviewing.undo("ada")
    assert project.queues.take([ids[2], ids[3]], known, "a", "ada") == [ids[3]]


def test_a_second_opinion_does_not_see_the_first(project: Project, ids: list[str]) -> None:
    project.queues.set_overlap(1, "lead")
    project.reviewing.decide([ids[0]], "drop", "ada", "rude")
    blind = project.queues.blind_to(ids[:2], "ben", "all")
    assert blind == {ids[0]}
    card = project.reviewing.cards(ids[:1], "ben", blind)[0]
    assert (card.state, card.history, card.votes, card.blind) == ("pending", [], [], True)
    assert project.queues.blind_to(ids[:2], "ada", "all") == set()
    project.reviewing.decide([ids[0]], "keep", "ben")
    assert project.queues.blind_to(ids[:2], "ben", "all") == set()
    card = project.reviewing.cards(ids[:1], "cy", project.queues.blind_to(ids[:1], "cy", "disagreements"))[0]
    assert [(vote["reviewer"], vote["choice"]) for vote in card.votes] == [("ada", "drop"), ("ben", "keep")]


def test_a_deciding_vote_settles_a_disagreement_and_its_undo_opens_it(project: Project, ids: list[str]) -> None:
    project.queues.set_overlap(1, "lead")
    for who, action in (("ada", "keep"), ("ben", "drop")):
        project.reviewing.decide(ids[:1], action, who)
        project.reviewing.decide(ids[1:2], "keep", who)
    assert every(project, "disagreements", "cy") == ids[:1]
    found = project.queues.agreement()
    assert (found.examples, found.raw, found.pairs[0].examples) == (2, 0.5, 2)
    vote = {"session": "s", "sequence": 1, "example_id": ids[0], "action": "keep", "origin": "deciding vote"}
    project.reviewing.log([vote], "cy")
    assert every(project, "disagreements", "cy") == []
    assert ids[0] not in every(project, "all", "dan")
    assert project.queues.agreement() == found
    project.reviewing.log([{"session": "s", "sequence": 2, "example_id": ids[0], "action": "undo", "undoes": 1}], "cy")
    assert every(project, "disagreements", "cy") == ids[:1]
    with pytest.raises(CurationError, match="origin"):
        project.reviewing.log([{**vote, "sequence": 3, "origin": "nobody"}], "cy")


def test_votes_of_rules_and_edits_are_none(project: Project, ids: list[str]) -> None:
    project.reviewing.decide_where(Filter(), "drop", "ada")
    project.reviewing.decide(ids[:1], "keep", "ben")
    project.reviewing.edit(ids[1], [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}], "ben")
    assert project.queues.disagreements() == 0
    assert project.queues.agreement().raw is None
    # Ben is asked again about what a rule dropped, not about what he decided himself.
    assert set(ids[2:]) <= set(every(project, "audit", "ben"))
    assert ids[0] not in every(project, "audit", "ben")


def test_unknown_queues_and_shares_are_refused(project: Project, ids: list[str]) -> None:
    for wrong in (
        lambda: project.queues.candidates("best", Filter(), "ada"),
        lambda: project.queues.set_overlap(1.5, "ada"),
    ):
        with pytest.raises(CurationError) as caught:
            wrong()
        assert caught.value.remedy
    assert project.queues.overlap() == 0.05


def test_queues_and_a_filter_combine(project: Project, ids: list[str]) -> None:
    chosen = Filter(text="question 1")
    assert every(project, "all", "ada", chosen) == project.reviewing.queue(chosen, "position")
    project.reviewing.decide(ids[10:12], "flag", "ada")
    assert sorted(every(project, "flagged", "ben", chosen)) == sorted(ids[10:12])
    assert every(project, "filter", "ben", Filter(ids=tuple(ids[9:12]))) == ids[9:12]


def test_long_messages_are_shortened_on_cards_and_whole_when_asked_for(project: Project, write_jsonl) -> None:
    text = "word " * 20_000
    project.importing.import_files([write_jsonl("long.jsonl", [chat(text, "Short.")])])
    example_id = project.reviewing.queue(Filter())[0]
    card = project.reviewing.cards([example_id], whole=False)[0]
    assert len(card.messages[0]["content"]) == 40_000
    assert card.cut == {"0": len(text)}
    assert project.reviewing.cards([example_id])[0].messages[0]["content"] == text


def test_neighbours_are_those_of_a_full_comparison(
    project: Project, write_jsonl, word_encoder: WordEncoder, tmp_path: Path
) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", support_examples(80))])
    example_id, *others = project.reviewing.queue(Filter(), limit=200)
    with pytest.raises(CurationError, match="no embedding"):
        project.neighbours.of(example_id)
    project.curation.curate(["embeddings"])
    prompts = dict(project.reviewing.page(Filter(), limit=200).select("example_id", "prompt").rows())
    own = word_encoder.encode([prompts[example_id]])[0]
    cosines = {one: float(word_encoder.encode([prompts[one]])[0] @ own) for one in others}
    found = project.neighbours.of(example_id, 6)
    assert [row.similarity for row in found] == pytest.approx(sorted(cosines.values(), reverse=True)[:6], abs=1e-5)
    assert all(row.similarity == pytest.approx(cosines[row.example_id], abs=1e-5) for row in found)
    assert project.neighbours.of("0" * 32) == []
