"""Difficulty is measured where it is asked for, kept, and told without the sealed test split."""

from typing import Any

from workbench.project import Project


def test_it_runs_only_by_its_name_and_what_is_unchanged_costs_nothing(project: Project, write_jsonl: Any) -> None:
    answer = "It left our house on Monday and should be with you by Thursday evening."
    rows = [{"prompt": f"Where is parcel number {n}?", "completion": answer} for n in range(30)]
    project.importing.import_files([write_jsonl("a.jsonl", [*rows, {"prompt": "Is it?", "completion": "Yes."}])])
    project.curation.curate()
    assert "difficulty" not in project.curation.stages_run()
    (report,) = project.curation.curate(["difficulty"], {"difficulty.sample": 31}).stages
    assert (report.figures["sampled"], report.figures["without"]) == (31, 1)
    table = project.tables.table("difficulty")
    assert table.height == 30
    hardest = project.curation.hardest(5)
    assert hardest["ifd"].to_list() == table["ifd"].sort(descending=True).head(5).to_list()
    assert project.curation.curate(["difficulty"], {"difficulty.sample": 31}).stages[0].skipped


def test_the_sealed_test_split_is_not_among_the_hardest(project: Project, write_jsonl: Any) -> None:
    answer = "should be with you by Thursday evening at the latest, said the driver."
    rows = [{"prompt": f"Question {n} about {n * 7}?", "completion": f"Parcel {n} {answer}"} for n in range(60)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    project.reviewing.decide(project.tables.table("examples")["example_id"].to_list(), "keep", "ada")
    project.curation.curate(["difficulty"])
    splits = project.splitting.split()
    assert splits is not None
    sealed = project.tables.table("splits")
    test_ids = set(sealed.filter(sealed["split"] == "test")["example_id"])
    shown = set(project.curation.hardest(100)["example_id"])
    assert test_ids
    assert shown
    assert not test_ids & shown
