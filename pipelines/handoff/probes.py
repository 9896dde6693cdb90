"""A few fixed questions that a handed-off model must answer as base and adapter do: recorded once, compared later.

Kept of each are the ids of the prompt, the greedy answer's ids, and the highest logits after the prompt. No text of
the data set is among them, so that a hand-off tells nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PROBES = (
    "Hello! What can you do for me?",
    "Where is my order 4711? It was due on Monday.",
    "Write one sentence about the sea.",
)
ANSWER_TOKENS = 16
TOP = 50


@dataclass(frozen=True)
class Comparison:
    """How a model compares with what was recorded.

    Attributes:
        probes: how many questions.
        same_answers: greedy answers that are the same, token by token.
        largest_difference: of the recorded logits, 0 for equal models.
    """

    probes: int
    same_answers: int
    largest_difference: float

    @property
    def same(self) -> bool:
        """Whether all greedy answers are the same."""
        return self.same_answers == self.probes


def record_probes(model: Any, tokenizer: Any) -> list[dict[str, Any]]:
    """Let a model answer the questions; returns what `compare_probes` needs, as plain JSON values."""
    import torch

    found = []
    for text in PROBES:
        messages = [{"role": "user", "content": text}]
        prompt = tokenizer.apply_chat_template(messages, tokenize=True, add_generation_prompt=True, return_dict=True)
        ids = list(prompt["input_ids"])
        logits = _logits(model, ids)
        top = torch.topk(logits, min(TOP, len(logits)))
        rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        answer = greedy(model, ids)
        found.append(
            {
                "question": text,
                "prompt": rendered,
                "prompt_ids": ids,
                "answer_ids": answer,
                "answer": tokenizer.decode(answer, skip_special_tokens=True),
                "top_ids": top.indices.tolist(),
                "top_logits": [round(value, 6) for value in top.values.tolist()],
            }
        )
    return found


def compare_probes(model: Any, recorded: Sequence[dict[str, Any]]) -> Comparison:
    """Let a model answer the recorded prompts; no prompts give a comparison of 0 probes."""
    same, largest = 0, 0.0
    for probe in recorded:
        logits = _logits(model, probe["prompt_ids"])
        values = logits[probe["top_ids"]].tolist()
        differences = [abs(one - other) for one, other in zip(values, probe["top_logits"], strict=True)]
        largest = max(largest, *differences)
        same += greedy(model, probe["prompt_ids"]) == probe["answer_ids"]
    return Comparison(len(recorded), same, largest)


def greedy(model: Any, prompt: Sequence[int], most: int = ANSWER_TOKENS) -> list[int]:
    """Return the most likely tokens one after another, up to an end-of-turn token of the model (left out)."""
    ends = model.generation_config.eos_token_id
    ends = {ends} if isinstance(ends, int) else set(ends or ())
    ids = list(prompt)
    for _ in range(most):
        token = int(_logits(model, ids).argmax())
        if token in ends:
            break
        ids.append(token)
    return ids[len(prompt) :]


def _logits(model: Any, ids: Sequence[int]) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.tensor([list(ids)], device=model.device)).logits[0, -1].float().cpu()
