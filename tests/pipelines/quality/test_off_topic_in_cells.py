"""Prompts far from all others are the same ones whether all prompts are compared or those of near cells only."""

import numpy as np
import polars as pl
import pytest

from pipelines.examples import examples_frame
from pipelines.quality.registry import ScoringContext
from pipelines.quality.scorers import off_topic
from pipelines.quality.settings import QualitySettings

LETTERS = "abcdefghij"


def test_far_prompts_are_found_among_many_as_among_few(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    raw = generator.normal(size=(12, 24))[generator.integers(12, size=3_000)] + 0.2 * generator.normal(size=(3_000, 24))
    # Ten prompts that nothing is like; two more of each wording of the first three hundred.
    raw[-10:] = generator.normal(size=(10, 24))
    words = ["".join(LETTERS[int(digit)] for digit in f"{row:04}") for row in range(3_000)]
    rows = [*range(3_000), *range(300), *range(300)]
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)[rows]
    examples = examples_frame(
        [{"role": "user", "content": f"about {words[row]}{mark}"}, {"role": "assistant", "content": "yes"}]
        for row, mark in zip(rows, [""] * 3_000 + ["!"] * 300 + [" 7"] * 300, strict=True)
    )

    def far() -> tuple[set[int], np.ndarray]:
        context = ScoringContext(examples, QualitySettings(), prompt_vectors=vectors)
        found = off_topic.score_off_topic(examples, context)
        closeness = off_topic.neighbour_similarity(vectors, examples["prompt"], context)
        return set(found.filter(pl.col("score") == 0.0)["example_id"]), closeness

    exact, closeness = far()
    monkeypatch.setattr(off_topic, "EVERY_ROW", 100)
    in_cells, nearly = far()
    assert len(exact & set(examples["example_id"][2_990:3_000])) >= 5
    assert in_cells == exact
    assert np.abs(closeness - nearly).mean() < 0.01
    # What is worded alike is as close.
    assert nearly[:300] == pytest.approx(nearly[3_000:3_300])
    assert nearly[:300] == pytest.approx(nearly[3_300:])
