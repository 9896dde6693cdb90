"""Every metric against hand-worked cases and independent computations."""

import json
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from pipelines.errors import CurationError
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.module import evaluate_module
from pipelines.evaluation.registry import MetricContext, metric, metric_named
from pipelines.evaluation.words import words_of
from pipelines.progress import Progress, no_progress

ENGLISH = [
    ("The parcel left our depot on Monday.", "The parcel left the depot on Tuesday, sorry!"),
    ("We are happy to help you today", "We are happy to help you today"),
    ("yes", "No refunds are possible after 30 days."),
    ("It's on its way: order 4711.", "Your order 4711 is on its way."),
]


class BagEncoder:
    """Counts letters: a unit row a text, alike for anagrams."""

    name = "bag"
    dimension = 27

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> npt.NDArray[np.float32]:
        rows = np.ones((len(texts), 27), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in re.sub("[^a-z]", "", text.lower()):
                row[ord(letter) - 96] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def scores(name: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    predictions, references = zip(*pairs, strict=True)
    return METRICS[name].scores(predictions, references, MetricContext(BagEncoder()))


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_is_an_offline_evaluate_metric_and_bounded(name: str) -> None:
    import evaluate

    predictions = ["", " ", "日本語の答え", '{"a": 1}', "[" * 5000, "\x00 <b>", "It is done.", "no"]
    references = ["x", '{"a": 1}', "日本語の答え", '{"a": 1}', "[]", "b", "It is done.", "{}"]
    module = evaluate_module(METRICS[name])
    extra = {"encoder": BagEncoder()} if METRICS[name].needs_encoder else {}
    found = module.compute(predictions=predictions, references=references, **extra)
    assert isinstance(module, evaluate.Metric)
    assert len(found["scores"]) == len(predictions)
    assert all(-1.0 <= score <= 1.0 for score in found["scores"])
    assert found[name] == pytest.approx(sum(found["scores"]) / len(predictions))
    one = module.compute(predictions=["It is done."], references=["It is done."], **extra)
    assert one["scores"] == pytest.approx([0.0 if METRICS[name].applies == "json" else 1.0])


@pytest.mark.parametrize("name", list(METRICS))
def test_a_metric_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(CurationError, match="nothing to compute"):
        evaluate_module(METRICS[name]).compute(predictions=[], references=[])


def test_modules_leave_no_file_behind_open_no_connection_and_combine(tmp_path, monkeypatch) -> None:
    import socket

    import evaluate

    def refuse(*_: object) -> None:
        raise AssertionError("a metric went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("evaluate.config.HF_METRICS_CACHE", tmp_path / "cache")
    both = evaluate.combine([evaluate_module(METRICS["exact_match"]), evaluate_module(METRICS["token_f1"])])
    found = both.compute(predictions=["a b"], references=["a c"])
    assert found["exact_match"] == 0.0
    assert found["token_f1"] == pytest.approx(0.5)
    assert list(tmp_path.iterdir()) == []


def test_exact_match_forgives_outer_space_line_ends_and_composition_only() -> None:
    pairs = [(" ok\r\nso ", "ok\nso"), ("cafe\u0301", "caf\u00e9"), ("Ok", "ok"), ("a  b", "a b"), ("", "a")]
    assert scores("exact_match", pairs) == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_json_metrics_by_hand() -> None:
    wanted = '{"intent": "refund", "n": 1, "tags": ["a", "b"]}'
    given = [
        '{"tags": ["a", "b"], "n": 1.0, "intent": "refund"}',  # other order, 1.0 is 1
        '{"intent": "refund", "n": true, "tags": ["b", "a"]}',  # true is not 1, order of arrays counts: 1 of 3
        '{"intent": "refund", "n": 1, "tags": ["a", "b"], "extra": 0}',  # all fields, one too many
        '{"Intent": "refund", "n": 1}',  # key style: 1 of 3
        "```json\n" + wanted + "\n```",  # a fence is no JSON
        '{"intent": "refund", "n": NaN}',  # nor is NaN
        "[1]",  # JSON, but no object
        '{"intent": "refund"',
    ]
    pairs = [(text, wanted) for text in given]
    assert scores("json_valid", pairs) == [1, 1, 1, 1, 0, 0, 0, 0]
    assert scores("json_exact", pairs) == [1, 0, 0, 0, 0, 0, 0, 0]
    assert scores("field_accuracy", pairs) == pytest.approx([1, 1 / 3, 1, 1 / 3, 0, 0, 0, 0])
    assert scores("field_accuracy", [("{}", "{}"), ('{"a": 1}', "{}")]) == [1.0, 0.0]


def test_json_exact_agrees_with_canonical_text_on_objects_without_numbers_and_booleans() -> None:
    objects = [{"a": "x"}, {"a": "y"}, {"b": "x"}, {"a": "x", "b": ["1", None]}, {"a": {"c": "x"}}, {}]
    for left in objects:
        for right in objects:
            same = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
            assert scores("json_exact", [(json.dumps(left, indent=2), json.dumps(right))]) == [float(same)]


def test_token_f1_by_hand() -> None:
    # "the the cat" and "The cat sat": shared the + cat = 2, F1 = 2 * 2 / (3 + 3).
    pairs = [("the the cat", "The cat sat"), ("a", "b"), ("", "a"), ("!", "?")]
    assert scores("token_f1", pairs) == pytest.approx([2 / 3, 0.0, 0.0, 1.0])


def test_words_split_scripts_without_spaces_by_character_and_keep_others_whole() -> None:
    assert words_of("Größe_2 über") == ["größe", "2", "über"]
    assert words_of("ab日本c") == ["ab", "日", "本", "c"]


def test_rouge_l_equals_the_library_on_ascii_text_and_a_plain_subsequence_elsewhere() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    library = RougeScorer(["rougeL"])
    expected = [library.score(wanted, given)["rougeL"].fmeasure for given, wanted in ENGLISH]
    assert scores("rouge_l", ENGLISH) == pytest.approx(expected)
    # Заказ уже в пути / Ваш заказ в пути: common "заказ в пути" = 3 of 4 and 4 words: F1 = 3/4.
    assert scores("rouge_l", [("Заказ уже в пути", "Ваш заказ в пути")]) == pytest.approx([0.75])


def test_bleu_by_hand_and_corpus_value_beside_it() -> None:
    # "the cat sat" / "the cat ran": 2/3 unigrams, 1/2 bigrams, 0 trigrams, which smoothing makes 1/2 of 1: 1/2;
    # effective order 3, so (2/3 * 1/2 * 1/2) ** (1/3).
    assert scores("bleu", [("the cat sat", "the cat ran")]) == pytest.approx([(1 / 6) ** (1 / 3)])
    found = evaluate_module(METRICS["bleu"]).compute(
        predictions=[given for given, _ in ENGLISH], references=[wanted for _, wanted in ENGLISH]
    )
    import sacrebleu

    wanted = sacrebleu.corpus_bleu([given for given, _ in ENGLISH], [[wanted for _, wanted in ENGLISH]]).score / 100
    assert found["corpus_bleu"] == pytest.approx(wanted)
    assert found["corpus_bleu"] != pytest.approx(found["bleu"])


def test_chrf_of_one_short_word_by_hand() -> None:
    # "ab" / "ac": characters 1/2 right, pairs 0/1; orders 3 to 6 do not occur. Mean precision and recall over the two
    # orders = 1/4, so F2 = 1/4.
    assert scores("chrf", [("ab", "ac")]) == pytest.approx([0.25], abs=1e-6)


def test_embedding_similarity_is_the_cosine_of_the_rows() -> None:
    left, right = BagEncoder().encode(["listen to me", "stop"])
    assert scores("embedding_similarity", [("silent to em", "listen to me"), ("stop", "listen to me")]) == (
        pytest.approx([1.0, float(left @ right)], abs=1e-6)
    )


def test_embedding_similarity_refuses_rows_that_are_not_unit_rows() -> None:
    class Long(BagEncoder):
        def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> npt.NDArray[np.float32]:
            return 3 * super().encode(texts)

    with pytest.raises(CurationError, match="unit row"):
        METRICS["embedding_similarity"].scores(["a"], ["b"], MetricContext(Long()))
    with pytest.raises(CurationError, match="needs an encoder"):
        METRICS["embedding_similarity"].scores(["a"], ["b"], MetricContext())


def test_names_are_unique_and_unknown_ones_are_answered_with_the_choice() -> None:
    with pytest.raises(ValueError, match="two metrics"):
        metric(name="bleu", title="t", description="d", applies="text")(lambda p, r, c: [])
    with pytest.raises(CurationError, match="Choose among: exact_match"):
        metric_named("accuracy")
