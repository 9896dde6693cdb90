"""Advice from a project's own facts, through the facade."""

import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import WordEncoder, support_examples
from workbench.project import Project
from workbench.reviewing import Filter


def test_advice_rests_on_what_the_project_knows(project: Project, write_jsonl, word_encoder: WordEncoder) -> None:
    empty, payback = project.advising.advise()
    assert payback is None
    assert "0 examples are kept" in empty[1].evidence
    project.importing.import_files([write_jsonl("data.jsonl", support_examples(60))])
    project.curation.curate(["embeddings", "coverage", "conflicts"])
    project.reviewing.decide_where(Filter(), "keep", "tester")
    facts = project.advising.facts()
    assert facts.kept == 60
    assert facts.conflicting == 0
    assert facts.covered is None
    assert facts.largest_cluster is not None
    assert 0 < facts.largest_cluster <= 1
    answers, payback = project.advising.advise(
        {"calls_per_month": 1000, "cost_per_call": 1, "tuned_cost_per_call": 0.5}
    )
    assert payback is not None
    assert answers[-1].answer == "yes"
    with pytest.raises(CurationError):
        project.advising.advise({"calls_per_month": -1})
