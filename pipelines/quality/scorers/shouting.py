"""Shouting: whole sentences in capitals, rows of exclamation marks.

1: an even tone. 0.3: at least seven of ten letters of an answer of twenty letters or more are capitals, or four or
more exclamation or question marks follow each other. Code and JSON are not judged, nor is an answer to a prompt that
is itself written in capitals or asks for them.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

_MARKS = re.compile(r"[!?]{4,}")


@scorer(
    name="shouting",
    title="Shouting",
    dimension="tone",
    suggests="review",
    alone=True,
    description="The answer is written in capitals or with rows of exclamation marks.",
)
def score_shouting(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers in a loud tone."""
    facts = examples.select(
        capitals=pl.col("completion").str.count_matches(r"\p{Lu}"),
        small=pl.col("completion").str.count_matches(r"\p{Ll}"),
        words=pl.col("completion").str.count_matches(r"\p{L}{4,}"),
        marks=pl.col("completion").str.contains(r"[!?]{4,}"),
        asked=pl.col("prompt").str.contains(
            r"(?i)\b(upper ?case|capital|caps|acronym|abbreviat|code|sql|letters?|exclamation|query|database|song|"
            r"words)"
        ),
        json=pl.Series([text is not None for text in context.json_texts], dtype=pl.Boolean),
    )
    loud = (
        (facts["capitals"] + facts["small"] >= 20)
        & (facts["words"] >= 4)
        & (facts["capitals"] >= 0.7 * (facts["capitals"] + facts["small"]))
    )
    rows = [row for row, text in enumerate(context.json_texts) if text is None]
    findings = []
    for row in ((loud | facts["marks"]) & ~facts["json"] & ~facts["asked"]).arg_true().to_list():
        text = examples["completion"][row]
        found = _MARKS.search(text)
        if loud[row]:
            findings.append(Finding(row, 0.3, "The answer is written in capitals.", 0, len(text)))
        elif found is not None:
            findings.append(Finding(row, 0.3, f"The answer shouts: '{found.group()[:10]}'.", *found.span()))
    return judged(examples, findings, rows)
