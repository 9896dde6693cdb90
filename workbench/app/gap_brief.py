"""A gap as a task for writers: what is missing, how much of it, and what such queries look like."""

import json
from collections.abc import Mapping
from typing import Any


def example_prompts(gap: Mapping[str, Any]) -> list[str]:
    """Return the production prompts that were chosen far apart to show what a gap is about."""
    found = gap.get("examples")
    prompts = json.loads(found) if isinstance(found, str) else list(found or [])
    return [str(prompt) for prompt in prompts]


def brief_of(gap: Mapping[str, Any]) -> str:
    """Write the collection task of a gap as plain text."""
    prompts = "\n".join(f"  - {prompt}" for prompt in example_prompts(gap))
    return (
        f"Cluster: {gap['title']}\n"
        f"To collect: {gap['collect']} examples\n"
        f"Share of production queries: {gap['production_share']:.1%}\n"
        f"Share of training examples: {gap['train_share']:.1%}\n\n"
        f"Production queries of this cluster:\n{prompts}\n\n"
        "Write varied prompts of this kind, in the users' own words, each with the answer the assistant should give.\n"
    )
