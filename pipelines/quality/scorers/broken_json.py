"""JSON that does not parse.

1: it parses. 0: it was meant to be JSON (see `json_text.py`) and does not, or the answers of its task are JSON and
this one is something else. JSON that only stops too early is a cut answer (`truncated.py`) as well.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer


@scorer(
    name="broken_json",
    title="Broken JSON",
    dimension="format",
    suggests="drop",
    description="The answer was meant to be JSON and cannot be parsed, or is none where its task wants JSON.",
)
def score_broken_json(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find JSON that does not parse, and other text where JSON is the rule."""
    texts = context.json_texts
    rows = [row for row, text in enumerate(texts) if text is not None]
    findings = [
        Finding(row, 0.0, f"The JSON does not parse: {text.error}.", text.position, text.position + 1)
        for row, text in enumerate(texts)
        if text is not None and text.error is not None
    ]
    settings = context.settings
    share = (
        pl.DataFrame(
            {"task": context.tasks, "json": [text is not None for text in texts]},
            schema={"task": pl.String, "json": pl.Boolean},
        )
        .with_row_index("row")
        .with_columns(share=pl.col("json").mean().over("task"), size=pl.len().over("task"))
        .filter(
            (pl.col("share") >= settings.required_share) & (pl.col("size") >= settings.minimum_group) & ~pl.col("json")
        )
    )
    blank = examples["completion"].str.strip_chars() == ""
    for row in share["row"].to_list():
        if not blank[row]:
            findings.append(Finding(row, 0.0, "The answer is not JSON; those of its task are."))
    return judged(examples, findings, rows)
