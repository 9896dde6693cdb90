"""The metrics that are computed only where they are asked for, against hand-worked cases and other implementations."""

import json
import socket
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.evaluation.labels import label_of, label_report, labels_among
from pipelines.evaluation.metric_settings import MetricSettings
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.module import evaluate_module
from pipelines.evaluation.numbers import last_number
from pipelines.evaluation.registry import MetricContext
from pipelines.evaluation.score import OUTPUTS, REFERENCES, score_outputs

DEFAULT = {
    "exact_match", "field_accuracy", "json_exact", "json_valid", "bleu", "chrf", "embedding_similarity", "rouge_l",
    "token_f1",
}  # fmt: skip
SCHEMA = json.dumps(
    {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"], "$defs": {}}
)


def scores(name: str, pairs: Sequence[tuple[str, str]], **settings: object) -> list[float]:
    predictions, references = zip(*pairs, strict=True)
    return METRICS[name].scores(predictions, references, MetricContext(settings=MetricSettings(**settings)))


def test_the_metrics_of_an_ordinary_comparison_are_the_nine_that_its_corrected_values_rest_on() -> None:
    assert {name for name, entry in METRICS.items() if entry.default} == DEFAULT
    outputs = pl.DataFrame([("a", "1", "7 days"), ("a", "2", "x")], schema=OUTPUTS, orient="row")
    references = pl.DataFrame([("1", "7 days"), ("2", '{"a": 1}')], schema=REFERENCES, orient="row")
    assert set(score_outputs(outputs, references)["metric"]) <= DEFAULT
    asked = score_outputs(outputs, references, metrics=["rouge_1", "numeric_match"])
    assert set(asked["metric"]) == {"rouge_1", "numeric_match"}


def test_normalised_match_forgives_case_punctuation_articles_and_blanks_but_no_word() -> None:
    pairs = [("The  Refund!", "refund"), ("a refund", "an refund."), ("refunds", "refund"), ("«Привет»", "привет")]
    assert scores("normalised_match", pairs) == [1, 1, 0, 1]
    assert scores("normalised_match", [("theatre", "atre"), ("don't", "dont")]) == [0, 1]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("it is 3, so 1,234.50", 1234.5),
        ("-7 %", -7),
        ("2e3", 2000),
        ("none", None),
        ("v2", None),
        ("from 3-5", 5),
        ("1,23", 23),
        ("5.", 5),
    ],
)
def test_the_last_number_of_a_text(text: str, number: float | None) -> None:
    """A hyphen between digits is no sign; 1,23 is no group of three digits, so the last number is 23."""
    assert last_number(text) == number


def test_numeric_match_is_by_value_within_the_tolerance() -> None:
    pairs = [("so 12.0", "12"), ("12.1", "12"), ("twelve", "12"), ("none", "none"), ("0", "0.0")]
    assert scores("numeric_match", pairs) == [1, 0, 0, 1, 1]
    assert scores("numeric_match", pairs[1:2], numeric_tolerance=0.01) == [1]


def test_schema_validity_by_hand_and_without_any_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ['{"n": 1}', '{"n": 0}', '{"n": "1"}', "{}", '{"n": 2, "more": []}', "[1]", '{"n": 1', "```{}```"]
    found = scores("json_schema_valid", [(text, "{}") for text in given], json_schema=SCHEMA)
    assert found == [1, 0, 0, 0, 1, 0, 0, 0]

    def refuse(*_: object) -> None:
        raise AssertionError("a schema was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    elsewhere = json.dumps({"$ref": "http://127.0.0.1:9/schema.json"})
    for text, message in ((elsewhere, "cannot be applied"), ("{", "no JSON"), ('{"type": 1}', "no JSON schema")):
        with pytest.raises(CurationError, match=message):
            scores("json_schema_valid", [("{}", "{}")], json_schema=text)


def test_schema_validity_needs_a_schema() -> None:
    empty = pl.DataFrame(schema=OUTPUTS), pl.DataFrame(schema=REFERENCES)
    with pytest.raises(CurationError, match="needs a JSON schema"):
        score_outputs(*empty, metrics=["json_schema_valid"])


@pytest.mark.parametrize("order", [1, 2])
def test_rouge_equals_the_library_on_ascii_text_and_counts_other_scripts(order: int) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    pairs = [("the cat sat on the mat", "the cat lay on a mat"), ("yes", "No refunds."), ("a b c", "c b a")]
    library = RougeScorer([f"rouge{order}"])
    expected = [library.score(wanted, given)[f"rouge{order}"].fmeasure for given, wanted in pairs]
    assert scores(f"rouge_{order}", pairs) == pytest.approx(expected)
    # Заказ уже в пути / Ваш заказ в пути: 3 of 4 words shared; of 3 pairs only "в пути": 1/3.
    assert scores(f"rouge_{order}", [("Заказ уже в пути", "Ваш заказ в пути")]) == pytest.approx(
        [(0.75, 1 / 3)[order - 1]]
    )


def test_length_ratio_by_hand_and_over_the_corpus() -> None:
    pairs = [("a b", "a b c d"), ("a b c d", "a b"), ("", "a"), ("!", "?")]
    assert scores("length_ratio", pairs) == [0.5, 0.5, 0, 1]
    found = evaluate_module(METRICS["length_ratio"]).compute(predictions=["a b c"], references=["a b"])
    assert found["corpus_length_ratio"] == 1.5


def test_rates_of_repetition_refusal_and_language() -> None:
    loop = "the parcel is late " * 20
    assert scores("no_repetition", [(loop, "x"), ("The parcel left on Monday.", "x"), ("", "x")]) == [0, 1, 1]
    refusals = [("I'm sorry, but I cannot help with that request.", "x"), ("As an AI language model, no.", "x")]
    assert scores("no_refusal", [*refusals, ("I'm sorry that the parcel is late.", "x")]) == [0, 0, 1]
    german = "Ihre Bestellung wurde gestern verschickt und ist morgen bei Ihnen, vielen Dank."
    english = "Your order was sent yesterday and will be with you tomorrow, thank you very much."
    assert scores("same_language", [(german, english), (german, german), ("ja", english)]) == [0, 1, 1]


def test_labels_are_short_answers_that_recur() -> None:
    assert labels_among(["Refund", "refund.", " REFUND ", "late", "late", "late", "once"]) == {"refund", "late"}
    assert labels_among(["yes"] * 9 + ["A long answer that is no label at all"] * 9) == set()
    assert labels_among([]) == set()


def draw(seed: int) -> tuple[pl.DataFrame, pl.DataFrame, list[str], list[str]]:
    generator = np.random.default_rng(seed)
    wanted = generator.choice(["refund", "late", "lost", "other thing"], 80, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    wanted += ["refund", "late", "lost", "other thing"] * 3
    swapped = generator.choice(["refund", "late", "nonsense"], len(wanted)).tolist()
    given = [other if generator.random() < 0.4 else label for label, other in zip(wanted, swapped, strict=True)]
    ids = [f"e{place:03d}" for place in range(len(wanted))]
    outputs = pl.DataFrame({"variant": ["v"] * len(ids), "example_id": ids, "text": given})
    return outputs, pl.DataFrame({"example_id": ids, "completion": wanted}), wanted, given


@pytest.mark.parametrize("seed", range(3))
def test_label_figures_are_those_of_scikit_learn(seed: int) -> None:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    outputs, references, wanted, given = draw(seed)
    labels = sorted(set(wanted))
    found = label_report(outputs, references, resamples=300)
    each = precision_recall_fscore_support(wanted, given, labels=labels, zero_division=0)
    classes = found.classes
    assert classes["label"].to_list() == labels
    for name, expected in zip(("precision", "recall", "f1", "support"), each, strict=True):
        assert classes[name].to_list() == pytest.approx(list(expected))
    macro = precision_recall_fscore_support(wanted, given, labels=labels, average="macro", zero_division=0)
    row = found.macro.row(0, named=True)
    assert (row["precision"], row["recall"], row["f1"]) == pytest.approx(macro[:3])
    assert row["accuracy"] == pytest.approx(accuracy_score(wanted, given))
    accuracy = score_outputs(outputs, references, metrics=["label_accuracy"])["value"].mean()
    assert accuracy == pytest.approx(row["accuracy"])
    assert row["low"] < row["f1"] < row["high"]


def test_examples_of_one_group_count_as_one_in_the_interval() -> None:
    outputs, references, _, _ = draw(0)
    ids = references["example_id"].to_list()
    groups = pl.DataFrame({"example_id": ids, "group_id": [f"g{place // 8}" for place in range(len(ids))]})
    alone = label_report(outputs, references, resamples=300).macro.row(0, named=True)
    grouped = label_report(outputs, references, groups, resamples=300).macro.row(0, named=True)
    assert grouped["f1"] == alone["f1"]
    assert (grouped["low"], grouped["high"]) != (alone["low"], alone["high"])
    one = label_report(outputs, references, groups.with_columns(group_id=pl.lit("g")), resamples=300).macro
    assert one.row(0, named=True)["low"] is None


def test_answers_that_are_no_labels_give_an_empty_report() -> None:
    outputs, references, _, _ = draw(0)
    found = label_report(outputs, references.with_columns(completion=pl.lit("only one")))
    assert found.macro.is_empty()
    assert found.classes.is_empty()
    assert label_of(" Not OK! ") == "not ok"
