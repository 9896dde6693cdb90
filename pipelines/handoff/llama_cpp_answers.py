"""What llama.cpp answers from a GGUF file, asked in a process of its own.

    echo '[{"prompt": "…", "prompt_ids": […], "answer_ids": […]}]' | python -m pipelines.handoff.llama_cpp_answers FILE

Its own, because a build that does not fit the processor ends the whole process, and because its threads and those of
torch do not bear each other. Needs the package llama-cpp-python.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_LONGEST_SECONDS = 300


def has_llama_cpp() -> bool:
    """Whether llama-cpp-python is installed."""
    return find_spec("llama_cpp") is not None


def same_answers(path: Path, probes: Sequence[Mapping[str, Any]]) -> int | str:
    """Count the recorded prompts that llama.cpp cuts into the same tokens and answers with the same ones, greedily.

    Args:
        path: of the GGUF file.
        probes: as `probes.record_probes` gives them.

    Returns:
        the count, or in words why llama.cpp gave no answer.
    """
    command = [sys.executable, "-m", "pipelines.handoff.llama_cpp_answers", str(path)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(list(probes)),
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"llama.cpp took longer than {_LONGEST_SECONDS} seconds"
    if done.returncode:
        ended = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        return f"llama.cpp ended with {ended}; a build made for this processor may not"
    return int(done.stdout.splitlines()[-1])


def main(file: str) -> None:
    """Ask llama.cpp and write how many answers are the same."""
    from llama_cpp import Llama

    probes = json.load(sys.stdin)
    longest = max((len(probe["prompt_ids"]) + len(probe["answer_ids"]) for probe in probes), default=0)
    model = Llama(file, n_ctx=max(512, longest + 1), verbose=False)
    sys.stdout.write(f"{sum(_same(model, probe) for probe in probes)}\n")


def _same(model: Any, probe: Mapping[str, Any]) -> bool:
    ids = model.tokenize(probe["prompt"].encode(), add_bos=False, special=True)
    answer: list[int] = []
    for token in model.generate(ids, temp=0.0, top_k=1, repeat_penalty=1.0):
        if token == model.token_eos() or len(answer) >= len(probe["answer_ids"]):
            break
        answer.append(token)
    return bool(ids == probe["prompt_ids"] and answer == probe["answer_ids"])


if __name__ == "__main__":
    main(sys.argv[1])
