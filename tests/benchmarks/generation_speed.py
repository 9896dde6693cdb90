"""How fast answers for a comparison are generated, against `model.generate` one prompt at a time, in CPU time.

The embedded base answers held-out prompts of the sample data, greedily, on one thread; both sides in one process by
turns, each a few times, models and prompts loaded before the clock starts. The texts must be equal, else it fails.

    python -m tests.benchmarks.generation_speed [--prompts 128] [--longest 96] [--repeats 3]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from tests.benchmarks.training_speed import ONE_THREAD, ROOT, conversations

TARGET = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--longest", type=int, default=96, help="new tokens of an answer")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        measure(given.prompts, given.longest, given.repeats)
        return
    # The number of threads is read when torch is loaded.
    command = [sys.executable, "-m", "tests.benchmarks.generation_speed", "--here", *sys.argv[1:]]
    raise SystemExit(subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, check=False).returncode)


def measure(prompts: int, longest: int, repeats: int) -> None:
    """Generate by turns and print the medians."""
    from pipelines.generation.generate import end_tokens, generate_outputs, prompt_tokens
    from pipelines.generation.settings import GenerationSettings
    from pipelines.training.base import load_base
    from pipelines.training.libraries import set_up_libraries

    set_up_libraries(1)
    model, tokenizer = load_base("default")
    asked = held_out(prompts)
    settings = GenerationSettings(max_new_tokens=longest)
    tokens = [prompt_tokens(messages, tokenizer) for messages in asked]
    ends = end_tokens(model, tokenizer)
    seconds: dict[str, list[float]] = {"one by one": [], "batches": []}
    texts: dict[str, list[str]] = {}
    for _ in range(repeats):
        for kind in seconds:
            began = time.process_time()
            texts[kind] = (
                generate_outputs(asked, model, tokenizer, settings)
                if kind == "batches"
                else one_by_one(tokens, model, tokenizer, ends, longest)
            )
            seconds[kind].append(time.process_time() - began)
    same = sum(one == other for one, other in zip(*texts.values(), strict=True))
    new = sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts["batches"])
    middle = {kind: statistics.median(taken) for kind, taken in seconds.items()}
    print(f"{len(asked)} prompts, {sum(map(len, tokens)) / len(tokens):.0f} tokens each, {new:,} new tokens")
    for kind, taken in seconds.items():
        spread = f"{min(taken):.1f} to {max(taken):.1f}"
        print(f"{kind:<11} {middle[kind]:6.1f} CPU-s ({spread}), {new / middle[kind]:7,.0f} new tokens a CPU-second")
    ratio = middle["one by one"] / middle["batches"]
    print(f"{ratio:.1f} times as fast (target {TARGET:g}); {same} of {len(asked)} texts equal")
    if same != len(asked):
        raise SystemExit("The texts differ.")


def one_by_one(tokens: list[list[int]], model: Any, tokenizer: Any, ends: list[int], longest: int) -> list[str]:
    """Answer through transformers' own `generate`, with its cache, one prompt after the other."""
    import torch

    texts = []
    for prompt in tokens:
        rows = torch.tensor([prompt])
        with torch.inference_mode():
            answer = model.generate(
                rows,
                attention_mask=torch.ones_like(rows),
                max_new_tokens=longest,
                do_sample=False,
                eos_token_id=ends,
                pad_token_id=tokenizer.pad_token_id,
            )
        texts.append(tokenizer.decode(answer[0, rows.shape[1] :], skip_special_tokens=True))
    return texts


def held_out(count: int) -> list[Any]:
    """Return the prompts of the sample data's conversations, the last answer taken off."""
    return [messages[:-1] for messages in conversations(count)]


if __name__ == "__main__":
    main()
