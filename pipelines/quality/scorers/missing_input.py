"""Prompts that speak of material which is not there: `<noinput>`, "[picture attached]", a bare link to read.

1: nothing is missing as far as the text shows. 0.2: what the task works on cannot be seen. The answer to such a prompt
is invented, however well it reads.

Source: the defect classes that the README of gururise/AlpacaDataCleaned names (placeholder inputs, links as inputs,
attached pictures). Measured on `alpaca`: every row of these classes is found.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

NO_INPUT = (
    r"(?im)(^|:|=)[ \t]*[<\[(\"']?\s*(n\.?/a\.?|none|null|no ?-?input|no input (needed|required|necessary|provided|"
    r"given)|input not (needed|required|provided))\s*[>\])\"']?[.]?[ \t]*$"
)
ATTACHMENT = (
    r"(?i)[<\[(]\s*(an? |the |attached )*(insert |link to |flag |sample |example )*(an? |the |your )?(image|picture|"
    r"photo|photograph|video|audio|figure|graph|chart|table|file|"
    r"screenshot|diagram|map|document|article|pdf|drawing|painting)s?\b[^>\])\n]{0,60}"
    r"(attached|here|clip|file|of|link|below|above|showing)?[^>\])\n]{0,60}[>\])]|[<\[(]\s*attach(ed|"
    r"ment)?\b[^>\])\n]{0,60}[>\])]|"
    r"!\[[^\]\n]{0,200}\]\(\s*\S+\s*\)|<\s*img\s[^>]{0,300}>"
)
LINK = r"(?im)^(?:[^\s]{1,30}[ \t]+){0,12}\S{0,30}?(https?:[/\\\\]{2}\S+|www\.\S+)(?:[ \t]+[^\s]{1,30}){0,12}[ \t]*$"


@scorer(
    name="missing_input",
    title="Input is missing",
    dimension="on topic",
    suggests="review",
    alone=True,
    description="The prompt refers to an input that is not there: <noinput>, an attached picture, a bare link.",
)
def score_missing_input(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find prompts whose material is a placeholder, an attachment or a link."""
    prompts = examples["prompt"]
    findings: list[Finding] = []
    for pattern, what in (
        (NO_INPUT, "says that there is no input"),
        (ATTACHMENT, "refers to an attachment that is not there"),
        (LINK, "gives only a link to what it is about"),
    ):
        found_by = re.compile(pattern)
        for row in rows_matching(prompts, pattern):
            found = found_by.search(prompts[row])
            if found is not None:
                findings.append(Finding(row, 0.2, f"The prompt {what}: '{_short(found.group(0))}'."))
    return judged(examples, findings)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
