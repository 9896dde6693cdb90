"""How a run's model is asked, by its own training data: the system prompt, and examples to show a base model.

Read from the run's folder alone, which holds no test example.
"""

import json
from collections import Counter
from itertools import islice
from pathlib import Path

from pipelines.examples import Message, text_of

# Enough to know what is usual, and to find alike examples; more would hold up whoever waits.
MOST_READ = 10_000


def training_examples(run: Path, limit: int = MOST_READ) -> list[list[Message]]:
    """Return the first training conversations of a run; none where the folder holds none."""
    try:
        with (run / "data" / "train.jsonl").open(encoding="utf-8") as file:
            return [json.loads(line)["messages"] for line in islice(file, limit)]
    except FileNotFoundError:
        return []


def usual_system(examples: list[list[Message]]) -> str:
    """Return the most frequent system prompt, if most examples have that one; else ''."""
    found = Counter(
        text_of(messages[0].get("content")) if messages and messages[0].get("role") == "system" else ""
        for messages in examples
    )
    ((text, count),) = found.most_common(1) or [("", 0)]
    return text if 2 * count > len(examples) else ""
