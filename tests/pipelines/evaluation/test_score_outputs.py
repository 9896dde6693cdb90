"""Which metric is computed on which example, and what is refused."""

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.evaluation.score import OUTPUTS, REFERENCES, SCORES, corpus_values, score_outputs
from pipelines.progress import Cancelled

REFERENCE_ROWS = [("j1", '{"a": 1}'), ("j2", '{"a": 2}'), ("t1", "on its way"), ("t2", "[1, 2]"), ("none", "  ")]
OUTPUT_ROWS = [
    ("tuned", "j1", '{"a": 1}'),
    ("tuned", "j2", "broken"),
    ("tuned", "t1", "on its way"),
    ("tuned", "none", "x"),
    ("base", "j1", ""),
    ("base", "t1", "no"),
    ("base", "t2", "[1, 2]"),
]


def frame(rows: list[tuple[str, ...]], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def score(outputs: list[tuple[str, ...]], **options: object) -> pl.DataFrame:
    return score_outputs(frame(outputs, OUTPUTS), frame(REFERENCE_ROWS, REFERENCES), **options)


def test_json_metrics_see_object_references_text_metrics_the_others_and_empty_references_nobody() -> None:
    found = score(OUTPUT_ROWS)
    assert found.schema == SCORES
    examples = {
        name: sorted(set(rows["example_id"])) for (name,), rows in found.group_by("metric", maintain_order=True)
    }
    assert examples["json_exact"] == examples["json_valid"] == examples["field_accuracy"] == ["j1", "j2"]
    assert examples["bleu"] == examples["token_f1"] == examples["rouge_l"] == examples["chrf"] == ["t1", "t2"]
    assert examples["exact_match"] == ["j1", "j2", "t1", "t2"]
    assert "embedding_similarity" not in examples
    tuned = found.filter(metric="json_exact", variant="tuned").sort("example_id")["value"]
    assert tuned.to_list() == [1.0, 0.0]


def test_row_order_does_not_matter() -> None:
    assert score(OUTPUT_ROWS).equals(score(OUTPUT_ROWS[::-1]))


def test_no_outputs_give_no_scores() -> None:
    assert score([]).equals(pl.DataFrame(schema=SCORES))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("base", "unknown", "x")], "no reference, the first: unknown"),
        ([("base", "t1", "x"), ("base", "t1", "y")], "more than one output"),
        ([("base", "t1", None)], "without a text"),
    ],
)
def test_outputs_that_would_give_a_wrong_number_are_refused(rows: list[tuple[str, ...]], message: str) -> None:
    with pytest.raises(CurationError, match=message):
        score(rows)


def test_references_must_be_one_an_example() -> None:
    twice = frame([("t1", "a"), ("t1", "b")], REFERENCES)
    with pytest.raises(CurationError, match="more than one reference"):
        score_outputs(frame([("base", "t1", "a")], OUTPUTS), twice)


def test_unknown_metrics_and_a_missing_encoder_are_refused() -> None:
    with pytest.raises(CurationError, match="no metric 'rouge'"):
        score(OUTPUT_ROWS, metrics=["rouge"])
    with pytest.raises(CurationError, match="needs an encoder"):
        score(OUTPUT_ROWS, metrics=["embedding_similarity"])


def test_cancelling_passes_through() -> None:
    def stop(share: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        score(OUTPUT_ROWS, progress=stop)


def test_corpus_values_state_their_examples() -> None:
    found = corpus_values(frame(OUTPUT_ROWS, OUTPUTS), frame(REFERENCE_ROWS, REFERENCES))
    assert found.select("variant", "metric", "n").rows() == [
        ("base", "corpus_bleu", 2),
        ("tuned", "corpus_bleu", 1),
        ("base", "corpus_chrf", 2),
        ("tuned", "corpus_chrf", 1),
    ]
    assert found.filter(variant="tuned", metric="corpus_chrf")["value"].to_list() == pytest.approx([1.0])
