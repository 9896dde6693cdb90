"""llama.cpp is asked in a process of its own; where its package is not installed a stand-in takes its place."""

import os
from pathlib import Path

import pytest

from pipelines.handoff.llama_cpp_answers import has_llama_cpp, same_answers

# Cuts a text into its bytes and answers with the bytes of "ok", then the end; a file named "crash" ends the process.
STAND_IN = """
import os

class Llama:
    def __init__(self, path, n_ctx, verbose):
        if "crash" in path:
            os.kill(os.getpid(), 11)
        self.n_ctx = n_ctx

    def tokenize(self, text, add_bos, special):
        return list(text)

    def token_eos(self):
        return 0

    def generate(self, ids, temp, top_k, repeat_penalty):
        yield from (*b"ok", 0)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llama_cpp.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))


def probe(prompt: str, ids: list[int], answer: list[int]) -> dict[str, object]:
    return {"prompt": prompt, "prompt_ids": ids, "answer_ids": answer}


@pytest.mark.usefixtures("stand_in")
def test_answers_count_when_tokens_of_prompt_and_answer_are_the_same() -> None:
    good = probe("a", [97], list(b"ok"))
    others = [probe("a", [98], list(b"ok")), probe("a", [97], list(b"no")), probe("a", [97], list(b"okk"))]
    assert has_llama_cpp()
    assert same_answers(Path("model.gguf"), [good, *others]) == 1
    assert same_answers(Path("model.gguf"), []) == 0


@pytest.mark.usefixtures("stand_in")
def test_a_llama_cpp_that_crashes_is_told_and_ends_nothing_else() -> None:
    told = same_answers(Path("crash.gguf"), [probe("a", [97], [1])])
    assert isinstance(told, str)
    assert "signal 11" in told
