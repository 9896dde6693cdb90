"""Spreadsheet formulas: text that a spreadsheet would run when the file is opened.

1: none. 0: the prompt, the answer, one of its lines or a JSON value opens with `=`, `+`, `-` or `@` and goes on as a
formula: a function call, a DDE command (`cmd|'/c calc'!A0`) or a cell. Numbers, list items and mentions (`@anna`) are
left alone, and so are prompts that ask for a formula.

Source: OWASP, CSV Injection.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

FORMULA = (
    r"(?i)(^|[\s\":,;|'(])[=+@-]{1,2}("
    r"(HYPERLINK|IMPORTXML|IMPORTDATA|IMPORTHTML|IMPORTRANGE|IMPORTFEED|IMAGE|WEBSERVICE|DDE|DDEAUTO|EXEC|CALL|"
    r"REGISTER|"
    r"INDIRECT|CONCATENATE|CONCAT|SUM|AVERAGE|IF|VLOOKUP|CHAR|RAND|NOW|TODAY|COUNT|LEN|MSEXCEL|RTD|FILTERXML|"
    r"ENCODEURL)\s*\(|"
    r"(cmd|powershell|mshta|rundll32|msexcel|calc|excel|regsvr32|cscript|wscript)(\.exe)?\s*\||"
    r"\d+([+*/-]\d+)*[+*/-](cmd|HYPERLINK|SUM|[a-z]{2,}\()|[A-Z]{1,2}\d{1,4}[+*/-][A-Z]{1,2}\d{1,4})|\|"
    r"\s*'?\s*/[cC] |!'?[A-Z]{1,2}\d{1,4}'?\s*$"
)
ABOUT_FORMULA = (
    r"(?i)\b(formula|spreadsheet|excel|google sheets|cell|vba|macro|equation|code|program|function|script)s?\b"
)


@scorer(
    name="formula",
    title="Spreadsheet formula",
    dimension="format",
    suggests="drop",
    alone=True,
    description="Prompt or answer holds a formula that a spreadsheet would run.",
)
def score_formula(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find formulas that a spreadsheet would run."""
    search = re.compile(FORMULA).search
    findings: list[Finding] = []
    for column in ("prompt", "completion"):
        for row in rows_matching(examples[column], FORMULA):
            found = search(examples[column][row])
            if found is None or re.search(ABOUT_FORMULA, re.sub(FORMULA, " ", examples["prompt"][row])):
                continue
            where, span = ("answer", found.span()) if column == "completion" else ("prompt", (None, None))
            shown = " ".join(found.group(0).split())[:40]
            findings.append(Finding(row, 0.0, f"The {where} holds a spreadsheet formula: '{shown}'.", *span))
    return judged(examples, findings)
