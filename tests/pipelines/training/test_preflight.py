from pathlib import Path

from pipelines.training.preflight import check
from pipelines.training.settings import TrainSettings
from tests.pipelines.training.tiny_model import TEMPLATE, conversations, make_tiny_model, write_chat


def test_good_data_pass_and_are_shown_as_they_are_trained(tiny_base: Path, tmp_path: Path) -> None:
    write_chat(tmp_path / "train.jsonl", conversations(120))
    settings = TrainSettings(base=str(tiny_base), rank=8, alpha=16, epochs=2, batch_size=8)
    found = check(tmp_path / "train.jsonl", settings)
    assert found.ok
    assert found.warnings == []
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
    assert "Only 3 examples" in check(conversations(3), settings, estimate=False).problems[0]
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
    assert any("cut" in warning and "21" in warning for warning in found.warnings)
