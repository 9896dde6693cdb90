"""Filters, orders and pages against a brute-force oracle in Python over random results of stages."""

import random
from dataclasses import dataclass, field, replace

import polars as pl
import pytest

from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.analysis import StageRecord

EXAMPLES = 80


@dataclass
class Known:
    """What is known of one example, as the oracle keeps it."""

    example_id: str
    position: int
    prompt: str
    completion: str
    sources: set[str]
    state: str = "pending"
    quality: float | None = None
    suggestion: str | None = None
    cluster: int | None = None
    group: str | None = None
    bad_scorers: set[str] = field(default_factory=set)
    conflict: bool = False
    personal: bool = False
    split: str | None = None


WORDS = ("Parcel", "refund", "KETTLE", "straße", "50%", "under_score", "it's")


@pytest.fixture
def filled(project: Project, write_jsonl) -> tuple[Project, list[Known]]:
    """A project with random results in every table that a filter reads, and the same as plain objects."""
    generator = random.Random(11)
    rows = [
        {"prompt": f"{generator.choice(WORDS)} {n}", "completion": f"{generator.choice(WORDS)} answer {n}"}
        for n in range(EXAMPLES)
    ]
    project.importing.import_files([write_jsonl("a.jsonl", rows)], source="first")
    again = sorted(generator.sample(range(EXAMPLES), 20))
    project.importing.import_files([write_jsonl("b.jsonl", [rows[n] for n in again])], source="second")
    frame = project.store.examples.with_role("train")
    place = {(row["prompt"], row["completion"]): n for n, row in enumerate(rows)}
    known = [
        Known(example_id, place[prompt, completion], prompt, completion, {"first"})
        for example_id, prompt, completion in frame.select("example_id", "prompt", "completion").rows()
    ]
    for one in known:
        one.sources |= {"second"} if one.position in again else set()
        one.quality = generator.choice([None, 0.0, 0.25, 0.5, 0.75, 1.0])
        one.suggestion = None if one.quality is None else generator.choice(["keep", "drop", "review"])
        one.cluster = generator.choice([None, 0, 1, 2])
        one.group = generator.choice([None, None, "g1", "g2"])
        one.bad_scorers = set(generator.sample(["refusal", "schema", "length"], generator.randint(0, 2)))
        one.conflict, one.personal = generator.random() < 0.2, generator.random() < 0.2
        one.split = generator.choice([None, "train", "train", "validation", "test"])
        action = generator.choice([None, "keep", "drop", "flag"])
        one.state = {None: "pending", "keep": "kept", "drop": "dropped", "flag": "flagged"}[action]
    for action, state in (("keep", "kept"), ("drop", "dropped"), ("flag", "flagged")):
        project.reviewing.decide([one.example_id for one in known if one.state == state], action, "ada")
    _store(project, known)
    return project, known


def _store(project: Project, known: list[Known]) -> None:
    scored = [one for one in known if one.quality is not None]
    tables = {
        "quality": pl.DataFrame(
            [
                {"example_id": k.example_id, "quality": k.quality, "suggestion": k.suggestion, "reason": "r"}
                for k in scored
            ]
        ),
        "clusters": pl.DataFrame(
            [
                {"example_id": k.example_id, "cluster_id": k.cluster, "title": f"topic {k.cluster}", "x": 0.0, "y": 0.0}
                for k in known
                if k.cluster is not None
            ],
            schema_overrides={"cluster_id": pl.Int32},
        ),
        "duplicates": pl.DataFrame(
            [
                {
                    "group_id": k.group,
                    "example_id": k.example_id,
                    "representative_id": next(o.example_id for o in known if o.group == k.group),
                    "kind": "near",
                    "similarity": 0.9,
                }
                for k in known
                if k.group
            ]
        ),
        "scores": pl.DataFrame(
            [
                {"example_id": k.example_id, "scorer": name, "score": 0.2 if name in k.bad_scorers else 0.9}
                for k in known
                for name in ("refusal", "schema", "length")
            ]
        ),
        "conflicts": pl.DataFrame(
            [
                {"group_id": "c", "example_id": k.example_id, "kind": "answers", "detail": "differ"}
                for k in known
                if k.conflict
            ]
        ),
        "personal_data": pl.DataFrame(
            [
                {"example_id": k.example_id, "kind": "e-mail", "start": 0, "end": 3, "message_index": 0}
                for k in known
                if k.personal
            ]
        ),
    }
    project.store.analysis.replace(StageRecord("all", "f", "{}", {}, 0.0), tables, project.store.now())
    members = pl.DataFrame(
        [
            {"example_id": k.example_id, "split": k.split, "group_id": k.example_id, "included": True}
            for k in known
            if k.split
        ]
    )
    project.store.versions.add("v", members, settings={}, certificate={}, notes=[], now=project.store.now())


def holds(chosen: Filter, one: Known) -> bool:
    """Tell whether an example is meant, field by field, as the documentation of `Filter` says it."""
    return all(
        (
            one.split != "test",
            chosen.state in (None, one.state),
            chosen.suggestion in (None, one.suggestion),
            chosen.source is None or chosen.source in one.sources,
            chosen.cluster in (None, one.cluster),
            chosen.scorer is None or chosen.scorer in one.bad_scorers,
            chosen.group in (None, one.group),
            not chosen.conflict or one.conflict,
            not chosen.personal or one.personal,
            chosen.split in (None, one.split),
            chosen.text.lower() in one.prompt.lower() or chosen.text.lower() in one.completion.lower(),
            chosen.quality_low is None or (one.quality is not None and one.quality >= chosen.quality_low),
            chosen.quality_high is None or (one.quality is not None and one.quality <= chosen.quality_high),
            chosen.ids is None or one.example_id in chosen.ids,
        )
    )


def random_filter(generator: random.Random, known: list[Known]) -> Filter:
    choices = {
        "state": ["pending", "kept", "dropped", "flagged"],
        "suggestion": ["keep", "drop", "review"],
        "source": ["first", "second", "nowhere"],
        "cluster": [0, 1, 2, 9],
        "scorer": ["refusal", "schema", "length", "none"],
        "group": ["g1", "g2", "g3"],
        "conflict": [True],
        "personal": [True],
        "split": ["train", "validation", "test"],
        "text": ["parcel", "REFUND", "50%", "_", "%", "it's", "STRASSE", "Straße", "answer 1"],
        "quality_low": [0.0, 0.25, 0.6],
        "quality_high": [0.0, 0.5, 1.0],
        "ids": [tuple(one.example_id for one in generator.sample(known, 30)), ()],
    }
    names = generator.sample(sorted(choices), generator.randint(0, 3))
    return replace(Filter(), **{name: generator.choice(choices[name]) for name in names})


def test_every_filter_selects_what_the_oracle_selects(filled: tuple[Project, list[Known]]) -> None:
    project, known = filled
    generator = random.Random(3)
    for number in range(60):
        chosen = random_filter(generator, known)
        expected = sorted(one.example_id for one in known if holds(chosen, one))
        assert project.reviewing.queue(chosen, "id", limit=1000) == expected, chosen
        if number % 6 == 0:
            assert project.reviewing.count(chosen) == len(expected)


def test_pages_join_to_the_whole_in_a_total_order(filled: tuple[Project, list[Known]]) -> None:
    project, known = filled
    for order in ("quality", "id", "position", "random"):
        for descending in (False, True):
            check_order(project, known, order, descending)


def check_order(project: Project, known: list[Known], order: str, descending: bool) -> None:
    whole = project.reviewing.queue(Filter(), order, limit=1000, descending=descending)
    pages = [
        example_id
        for offset in range(0, EXAMPLES, 27)
        for example_id in project.reviewing.page(Filter(), order, descending=descending, limit=27, offset=offset)[
            "example_id"
        ]
    ]
    assert pages == whole
    by_id = {one.example_id: one for one in known}
    if order == "id":
        assert whole == sorted(whole, reverse=descending)
    if order == "position":
        positions = [by_id[example_id].position for example_id in whole]
        assert positions == sorted(positions, reverse=descending)
    if order == "quality":
        values = [by_id[example_id].quality for example_id in whole]
        scored = [value for value in values if value is not None]
        assert values == sorted(scored, reverse=descending) + [None] * (len(values) - len(scored))
    if order == "random":
        assert whole != sorted(whole)


def test_rows_say_what_is_known_of_each_example(filled: tuple[Project, list[Known]]) -> None:
    project, known = filled
    by_id = {one.example_id: one for one in known}
    for row in project.reviewing.page(Filter(), limit=1000).iter_rows(named=True):
        one = by_id[row["example_id"]]
        assert (row["prompt"], row["completion"], row["state"]) == (one.prompt, one.completion, one.state)
        assert (row["quality"], row["suggestion"], row["cluster_id"]) == (one.quality, one.suggestion, one.cluster)
        assert (row["source"], row["file"], row["line"]) == ("first", "a.jsonl", one.position + 1)


def test_the_choices_count_what_a_filter_by_them_selects(filled: tuple[Project, list[Known]]) -> None:
    project, _ = filled
    choices = project.reviewing.filters()
    for name, values in (
        ("state", choices.states),
        ("suggestion", choices.suggestions),
        ("source", choices.sources),
        ("scorer", choices.scorers),
    ):
        for value, _, count in values:
            assert project.reviewing.count(Filter(**{name: value})) == count, (name, value)
    for value, _, count in choices.clusters:
        assert project.reviewing.count(Filter(cluster=int(value))) == count


def test_filters_that_contradict_each_other_select_nothing(filled: tuple[Project, list[Known]]) -> None:
    project, _ = filled
    assert project.reviewing.count(Filter(quality_low=0.9, quality_high=0.1)) == 0
    assert project.reviewing.page(Filter(ids=())).is_empty()
