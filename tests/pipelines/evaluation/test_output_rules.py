"""The project's own rules for outputs: each kind by hand, hostile patterns in bounded time, a metric like any other."""

import re
import time

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.evaluation.compare import compare_variants
from pipelines.evaluation.module import evaluate_module
from pipelines.evaluation.output_rules import KINDS, MOST, OutputRule, checked_rules, rule_metric, steps_of
from pipelines.evaluation.pattern_size import LARGEST, pattern_size
from pipelines.evaluation.score import OUTPUTS, REFERENCES, score_outputs


def kept(texts: list[str], **rule: object) -> list[float]:
    """Return what a rule says of texts, through the `evaluate.Metric` that it is."""
    (checked,) = checked_rules([{"name": "r", **rule}])
    found = evaluate_module(rule_metric(checked)).compute(predictions=texts, references=[""] * len(texts))
    assert found["rule_r"] == pytest.approx(sum(found["scores"]) / len(texts))
    return list(found["scores"])


def test_texts_are_looked_for_as_they_stand_or_with_case_aside() -> None:
    texts = ["We guarantee it.", "No Guarantee", "", "straße"]
    assert kept(texts, kind="contains", value="guarantee") == [1, 0, 0, 0]
    assert kept(texts, kind="lacks", value="guarantee") == [0, 1, 1, 1]
    assert kept(texts, kind="lacks", value="guarantee", ignore_case=True) == [0, 0, 1, 1]
    assert kept(texts, kind="contains", value="STRASSE", ignore_case=True) == [0, 0, 0, 1]
    assert kept(["a.c", "abc"], kind="contains", value="a.c") == [1, 0]


def test_patterns_find_what_pythons_own_find_on_what_both_know() -> None:
    texts = ["Hello Ada", "hello", "Order 12345.", "a\nb", "", "été"]
    for pattern in (r"^Hello \w+", r"\d{5}", r"^$", r"(a|b)$", r"t.$", r"[^a-z ]", r"x{1,3}"):
        wanted = [float(re.search(pattern, text) is not None) for text in texts]
        assert kept(texts, kind="matches", value=pattern) == wanted, pattern
    assert kept(texts, kind="matches", value="^hello", ignore_case=True)[:2] == [1, 1]


@pytest.mark.parametrize(
    "pattern", [r"(x+x+)+y", r"(a*)*b", r"(x|x|xx)*y", r"(.*)(.*)(.*)(.*)[^x]", r"(\w{1,10}){1,10}!"]
)
def test_patterns_that_hang_an_engine_that_goes_back_take_little_time(pattern: str) -> None:
    began = time.process_time()
    assert kept(["x" * 100_000], kind="matches", value=pattern) == [0]
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "pattern",
    [
        r"(x{1,100}){1,100}y", r"(?:.{0,60}x){60}y", r"((((x{0,9}){0,9}){0,9}){0,9})y", r"x{1,100}{1,100}",
        r"(?x)(x{1,100}) {1,100}", r"(a[])]x{1,100}){1,100}", r"(\w{100}){100}", r"(\[(x{100})){100}",
        "(", "a)", "[", r"(?=a)b", r"(a)\1", "*",
    ],
)  # fmt: skip
def test_patterns_that_would_grow_too_large_or_are_none_are_refused_at_once(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(CurationError, match="'r'") as caught:
        checked_rules([{"name": "r", "kind": "matches", "value": pattern}])
    assert caught.value.remedy
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("", 0), ("abc", 3), ("a{5}", 5), ("(a{1,20}){1,25}b", 501), ("(ab|c){3}", 12), (r"\{9}", 2 + 1),
        (r"[a{9}]{2}", 2), ("ab|c", 4),
        ("[]{9}]", 1), (r"\p{Greek}{4}", 4), ("x{,7}", 7), ("x{7,}", 7), ("(x{9}", 9), ("ab){9}", 18),
    ],
)  # fmt: skip
def test_the_size_of_a_pattern_is_counted_with_its_repetitions_written_out(pattern: str, size: int) -> None:
    assert pattern_size(pattern) == size


def test_a_pattern_of_the_largest_size_is_bounded_in_time() -> None:
    pattern = f"(x{{1,20}}){{1,{LARGEST // 20 - 1}}}(z{{0,9}})y"
    assert LARGEST * 0.9 < pattern_size(pattern) <= LARGEST
    began = time.process_time()
    kept(["x" * 50_000 + "y" * 50_000], kind="matches", value=pattern)
    assert time.process_time() - began < 10


def test_json_values_are_found_at_their_path() -> None:
    texts = ['{"a": {"b c": [1, "Two", null]}, "n": 12, "t": "12", "ok": true}', "[3]", "no JSON", '"x"', ""]
    same = {"kind": "json_equals"}
    assert kept(texts, path="$.a['b c'][1]", value="Two", **same) == [1, 0, 0, 0, 0]
    assert kept(texts, path="$.a['b c'][1]", value="two", **same) == [0, 0, 0, 0, 0]
    assert kept(texts, path="a['b c'][1]", value="two", ignore_case=True, **same) == [1, 0, 0, 0, 0]
    assert kept(texts, path="$.a['b c'][2]", value="null", **same) == [1, 0, 0, 0, 0]
    assert kept(texts, path="$.n", value="12.0", **same) == [1, 0, 0, 0, 0]
    assert kept(texts, path="$.t", value="12", **same) == [1, 0, 0, 0, 0]
    assert kept(texts, path="$.ok", value="1", **same) == [0, 0, 0, 0, 0]
    assert kept(texts, path="$.ok", value="true", **same) == [1, 0, 0, 0, 0]
    assert kept(texts, path="$[0]", value="3", **same) == [0, 1, 0, 0, 0]
    assert kept(texts, path="", value="x", **same) == [0, 0, 0, 1, 0]
    assert kept(["[" * 100_000], path="$[0]", value="x", **same) == [0]
    assert steps_of('$.a["b.c"][10]') == ["a", "b.c", 10]
    for wrong in ("$.a[", "$..a", "$.a[x]", "$.a[-1]", "$[1e3]"):
        with pytest.raises(CurationError, match="no path"):
            steps_of(wrong)


def test_lengths_are_at_most_the_limit() -> None:
    assert kept(["one two", "one two three", ""], kind="at_most_words", value="2") == [1, 0, 1]
    assert kept(["éé", "ééé"], kind="at_most_characters", value=" 2 ") == [1, 0]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([{"name": "Bad Name", "kind": "contains", "value": "x"}], "name"),
        ([{"name": "a", "kind": "runs", "value": "x"}], "kind"),
        ([{"name": "a", "kind": "contains"}], "value"),
        ([{"name": "a", "kind": "contains", "value": ""}], "empty"),
        ([{"name": "a", "kind": "contains", "value": "x", "code": "import os"}], "code"),
        ([{"name": "a", "kind": "at_most_words", "value": "ten"}], "no number"),
        ([{"name": "a", "kind": "at_most_words", "value": "-3"}], "no number"),
        ([{"name": "a", "kind": "contains", "value": "x"}] * 2, "Two rules"),
        ([{"name": f"a{n}", "kind": "contains", "value": "x"} for n in range(MOST + 1)], "too many"),
        (["contains x"], "Rule 1"),
        ([None], "Rule 1"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(rules: list[object], told: str) -> None:
    with pytest.raises(CurationError, match=told) as caught:
        checked_rules(rules)
    assert caught.value.remedy


def test_rules_are_scored_on_their_examples_and_compared_in_pairs_like_any_metric() -> None:
    ids = [f"e{number:02d}" for number in range(40)]
    references = pl.DataFrame(
        [(key, '{"a": 1}' if n < 5 else "text") for n, key in enumerate(ids)], REFERENCES, orient="row"
    )
    rows = [("base", key, "no") for key in ids] + [
        ("tuned", key, "Hello" if n < 30 else "no") for n, key in enumerate(ids)
    ]
    rules = checked_rules(
        [
            {"name": "greets", "kind": "matches", "value": "^Hello"},
            {"name": "greets_text", "kind": "matches", "value": "^Hello", "examples": "text"},
        ]
    )
    scores = score_outputs(pl.DataFrame(rows, OUTPUTS, orient="row"), references, metrics=["exact_match"], rules=rules)
    assert scores["metric"].unique(maintain_order=True).to_list() == ["exact_match", "rule_greets", "rule_greets_text"]
    assert scores.filter(pl.col("metric") == "rule_greets_text").height == 2 * 35
    found = compare_variants(scores).differences.filter(pl.col("metric") == "rule_greets").row(0, named=True)
    assert (found["value"], found["against_value"], found["verdict"]) == (0.75, 0.0, "better")
    assert found["method"] == "Newcombe, mid-p McNemar"


def test_every_kind_takes_empty_input_and_says_what_it_asks_for() -> None:
    for kind in KINDS:
        rule = OutputRule(name="r", kind=kind, value="3")
        scores = rule_metric(rule).scores
        assert scores([], [], None) == []  # type: ignore[arg-type]  # a rule reads no context
        assert "3" in rule.description
