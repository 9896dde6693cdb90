"""JSON that does not parse.

1: it parses. 0: it was meant to be JSON (see `json_text.py`) and does not. The reason says where
it only stops too early. Other text where JSON is the rule is the matter of `schema.py`; objects of a programming
language (`{'a': 1}`) in answer to a prompt about code that does not speak of JSON are not judged, unless JSON is the
rule of the task.
"""

from collections import Counter

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

ABOUT_CODE = (
    r"(?i)\b(python|javascript|typescript|js|ruby|perl|lua|code|dict(ionary|ionaries)?s?|hash|object literal|"
    r"set|latex)\b"
)
ABOUT_JSON = r"(?i)json"


@scorer(
    name="broken_json",
    title="Broken JSON",
    dimension="format",
    suggests="drop",
    description="The answer was meant to be JSON and cannot be parsed.",
)
def score_broken_json(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find JSON that does not parse."""
    code = examples["prompt"].str.contains(ABOUT_CODE) & ~(examples["system"] + examples["prompt"]).str.contains(
        ABOUT_JSON
    )
    ruled = _tasks_of_json(context)
    texts = [
        None if text is not None and text.error is not None and other and task not in ruled else text
        for text, other, task in zip(context.json_texts, code, context.tasks, strict=True)
    ]
    rows = [row for row, text in enumerate(texts) if text is not None]
    findings = [
        Finding(
            row,
            0.0,
            f"The JSON stops before it is closed: {text.error}."
            if text.cut
            else f"The JSON does not parse: {text.error}.",
            text.position,
            text.position + 1,
        )
        for row, text in enumerate(texts)
        if text is not None and text.error is not None
    ]
    return judged(examples, findings, rows)


def _tasks_of_json(context: ScoringContext) -> set[str]:
    """Return the tasks whose answers are objects that parse, but for a few."""
    all_answers = Counter(context.tasks)
    parsed: Counter[str] = Counter()
    for task, text in zip(context.tasks, context.json_texts, strict=True):
        parsed[task] += text is not None and text.error is None
    settings = context.settings
    return {
        task
        for task, count in all_answers.items()
        if task and count >= settings.minimum_group and parsed[task] >= settings.majority_share * count
    }
