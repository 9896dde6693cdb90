"""Answers that give their author away: a rater who reads "I am ChatGPT" no longer rates blind.

An answer names its author where it speaks of itself (I am, my name is, I was made by …) and, right after
that, of a model or of who makes models; or where it holds the name of a variant, as a word of its own.
Speaking of a model (a question about Claude Monet, a comparison of GPT-4 and Llama) names nobody.

Not covered: a manner of speaking that a rater knows a model by.
"""

import re
from collections.abc import Sequence

import polars as pl

# Families of models and who makes them, as of 2026; versions may follow (GPT-4o, Llama 3.1).
MODELS = (
    *(
        "chatgpt",
        "gpt",
        "openai",
        "claude",
        "anthropic",
        "gemini",
        "bard",
        "gemma",
        "google",
        "deepmind",
        "llama",
        "meta",
    ),
    *(
        "mistral",
        "mixtral",
        "qwen",
        "tongyi",
        "alibaba",
        "deepseek",
        "phi",
        "copilot",
        "microsoft",
        "grok",
        "xai",
        "falcon",
    ),
    *(
        "cohere",
        "command r",
        "yi",
        "kimi",
        "moonshot",
        "ernie",
        "baidu",
        "doubao",
        "bytedance",
        "smollm",
        "hugging face",
    ),
    *("vicuna", "alpaca", "stablelm", "olmo", "granite", "nova", "minimax", "zhipu", "chatglm", "glm"),
)
# At the beginning of a sentence, "as" speaks of who writes; within one ("such as granite") of anything.
_SELF = (
    r"(?:\bi\s+am|\bi['’]m|\bmy\s+name\s+is|\bcall\s+me|\bthis\s+is|(?:^|[.!?\n]\s*)as"
    r"|\bi\s+(?:was|have\s+been)\s+(?:trained|made|built|developed|created|designed)\s+by)"
)
# What may stand between: an article, "an AI assistant called", "a large language model by".
_BETWEEN = (
    r"(?:\s+(?:a|an|the|ai|large|language|model|assistant|chatbot|called|named|from|by|at|of|developed|trained|made|built"
    r"|created|and|,))*,?\s+"
)
_MODEL = "|".join(re.escape(name).replace(r"\ ", r"[\s-]") for name in sorted(MODELS, key=len, reverse=True))
NAMES_A_MODEL = rf"(?i){_SELF}{_BETWEEN}(?:{_MODEL})(?:\b|\d)"
# A shorter name of a variant is a word like others.
SHORTEST_NAME = 5


def names_author(answer: str, names: Sequence[str] = ()) -> pl.Expr:
    """Return whether an answer gives its author away.

    Args:
        answer: the column.
        names: of variants and models, which stand in an answer by no accident; those under `SHORTEST_NAME` signs and
            those that are words (`base`, `system`) are left aside.
    """
    given = pl.col(answer).str.contains(NAMES_A_MODEL)
    for name in names:
        if len(name) >= SHORTEST_NAME and not name.isalpha():
            given |= pl.col(answer).str.contains(rf"(?i)(?:^|[^\w-]){re.escape(name)}(?:$|[^\w-])")
    return given.fill_null(value=False)
