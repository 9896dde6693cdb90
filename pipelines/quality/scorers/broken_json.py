"""JSON that does not parse.

1: it parses. 0: it was meant to be JSON (see `json_text.py`) and does not. The reason says where
it only stops too early. Other text where JSON is the rule is the matter of `schema.py`.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer


@scorer(
    name="broken_json",
    title="Broken JSON",
    dimension="format",
    suggests="drop",
    description="The answer was meant to be JSON and cannot be parsed.",
)
def score_broken_json(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find JSON that does not parse."""
    texts = context.json_texts
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
