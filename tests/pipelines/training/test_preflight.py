import json
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from pipelines.training.findings import Finding, few_examples, refuse
from pipelines.training.preflight import Preflight, check
from pipelines.training.settings import TrainSettings
from tests.pipelines.training.tiny_model import TEMPLATE, conversations, make_tiny_model, write_chat


def test_good_data_pass_and_are_shown_as_they_are_trained(tiny_base: Path, tmp_path: Path) -> None:
    write_chat(tmp_path / "train.jsonl", conversations(120))
    settings = TrainSettings(base=str(tiny_base), rank=8, alpha=16, epochs=2, batch_size=8)
    found = check(tmp_path / "train.jsonl", settings)
    assert found.ok
    assert [finding.kind for finding in found.findings] == ["few examples"]
    assert (found.examples, found.truncated, found.vanished, found.steps) == (120, 0, 0, 30)
    assert 0 < found.supervised < found.tokens
    assert found.estimated_seconds is not None
    assert found.estimated_seconds > 0
    for spans in found.sample:
        assert [trained for _, trained in spans] == [False, True]
        assert spans[1][0].endswith("<|end|>")


def test_what_cannot_work_blocks(tiny_base: Path, tmp_path: Path) -> None:
    settings = TrainSettings(base=str(tiny_base))
    assert not check(tmp_path / "none.jsonl", settings).ok
    assert not check(conversations(20), settings.model_copy(update={"base": str(tmp_path / "gone")})).ok
    few = check(conversations(3), settings, estimate=False)
    assert few.ok
    assert "Only 3 examples" in few.to_force[0]
    silent = [[{"role": "user", "content": "hello"}]] * 20
    assert (
        "nothing to learn" in check(silent, settings).problems[0] or "anything" in check(silent, settings).problems[0]
    )


def test_an_answer_that_never_ends_blocks(tmp_path: Path) -> None:
    endless = TEMPLATE.replace(
        "message['content'] + '<|end|>' }}{% endgeneration", "message['content'] }}{% endgeneration"
    )
    base = make_tiny_model(tmp_path / "endless", template=endless)
    found = check(conversations(20), TrainSettings(base=str(base)), estimate=False)
    assert any("when to stop" in problem for problem in found.problems)


def test_losses_of_text_are_warned_of(tiny_base: Path) -> None:
    rows = [*conversations(20), [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b " * 300}]]
    found = check(rows, TrainSettings(base=str(tiny_base), max_length=64, rank=1), estimate=False)
    assert found.ok
    assert found.truncated == 1
    assert any("cut" in warning and "21" in warning for warning in [*found.warnings, *found.to_force])


def only(found: Preflight, kind: str) -> Finding:
    (finding,) = [finding for finding in found.findings if finding.kind == kind]
    return finding


def test_few_examples_warn_below_500_and_must_be_forced_below_50() -> None:
    assert [finding.needs_force for count in (49, 50, 499) for finding in few_examples(count)] == [True, False, False]
    assert few_examples(500) == []
    with pytest.raises(CurationError, match="Only 49"):
        refuse(few_examples(49), forced=False)
    refuse(few_examples(49), forced=True)


def test_red_cannot_be_forced() -> None:
    with pytest.raises(CurationError, match="broken"):
        refuse([Finding("red", "kind", "broken")], forced=True)


def test_a_second_begin_of_text_blocks_and_lists_the_examples(tmp_path: Path) -> None:
    twice = "{% if messages|length == 2 %}<|system|><|system|>{% endif %}" + TEMPLATE
    base = make_tiny_model(tmp_path / "twice", template=twice)
    edit_tokenizer(base, bos_token="<|system|>")
    three = [{"role": "system", "content": "s"}, *conversations(1)[0]]
    finding = only(check([*conversations(60), three], TrainSettings(base=str(base)), estimate=False), "double begin")
    assert (finding.level, finding.examples) == ("red", list(range(1, 61)))


def test_a_prompt_that_is_rendered_otherwise_at_generation_blocks(tmp_path: Path) -> None:
    other = TEMPLATE.replace("{{ '<|assistant|>' }}{% endif %}", "{{ 'Answer: <|assistant|>' }}{% endif %}")
    base = make_tiny_model(tmp_path / "other", template=other)
    finding = only(check(conversations(60), TrainSettings(base=str(base)), estimate=False), "prompt differs")
    assert finding.level == "red"
    assert finding.examples == list(range(1, 61))


def test_text_between_the_generation_prompt_and_the_answer_must_be_forced(tmp_path: Path) -> None:
    late = TEMPLATE.replace("{% generation %}", "{{ 'Well: ' }}{% generation %}")
    base = make_tiny_model(tmp_path / "late", template=late)
    finding = only(check(conversations(60), TrainSettings(base=str(base)), estimate=False), "answer starts late")
    assert (finding.level, finding.needs_force) == ("yellow", True)


def test_padding_among_the_trained_tokens_blocks(tiny_base: Path) -> None:
    padded = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b <|pad|><|pad|>"}]
    found = check([*conversations(60), padded], TrainSettings(base=str(tiny_base)), estimate=False)
    finding = only(found, "padding trained")
    assert (finding.level, finding.examples) == ("red", [61])


def test_losing_over_a_tenth_of_the_trained_tokens_must_be_forced(tiny_base: Path) -> None:
    long = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b " * 300}]
    settings = TrainSettings(base=str(tiny_base), max_length=64)
    found = check([*conversations(600), long], settings, estimate=False)
    assert not only(found, "truncated").needs_force
    found = check([*conversations(60), long, long], settings, estimate=False)
    assert only(found, "truncated").needs_force
    assert only(found, "truncated").examples == [61, 62]
    assert found.lost > 0
    silent = [[{"role": "user", "content": "hello"}]] * 10
    assert only(check([*conversations(60), *silent], settings, estimate=False), "vanished").needs_force


def edit_tokenizer(base: Path, **changes: str) -> None:
    path = base / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
