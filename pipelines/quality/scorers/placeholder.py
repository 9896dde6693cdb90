"""Answers that hold the place of an answer: "N/A", "TODO", "<nooutput>", "[insert answer here]", "lorem ipsum".

1: no placeholder. 0: the whole answer is one, is nothing but a few marks of punctuation, or opens with a marker such
as `<nooutput>`. 0.3: a blank of a template was left unfilled inside a real answer (`{{name}}`, `[insert date]`),
which is doubtful, not certain.

Source: the defect classes that the README of gururise/AlpacaDataCleaned names.
Not covered: "[Your Name]" in letters, which is often meant.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

WHOLE = (
    r"(?i)^[\s\p{P}]*(n\.?\s?/?\s?a|not applicable|none given|null|nil|undefined|nan|to-?do|tbd|tba|fixme|wip|x{2,}|"
    r"(to be|will be) (added|determined|done|written|completed|filled( in)?|provided)( later)?|placeholder( text)?|"
    r"(your|the|add|write|insert|enter|put)? ?(the |an? |your )?(answer|response|output|reply|text|completion|content)"
    r"( goes| comes| to follow| pending)?( here| later| pending)|coming soon|pending|draft|test(ing)?( \d+)?|foo(bar)?|"
    r"asdf\w*|qwerty\w*|blah( blah)*|dummy( text)?|sample( text| answer)?|example( text| answer)|no ?(input|output|"
    r"answer|response|reply|completion)( yet| given| provided| available| needed| required)?|(fill|type) (this )?in|"
    r"see above|same as above|ditto|change ?me|temp(orary)?( text)?)[\s\p{P}]*$"
)
MARKER = (
    r"(?i)^\s*([<\[(]\s*(no ?(input|output|answer|response)|insert|todo|tbd|placeholder|answer|response|reply|output)"
    r"\b[^>\])]{0,60}[>\])]|no ?output\b|todo\s*:|tbd\s*:|fixme\s*:|lorem ipsum)"
)
BLANK = (
    r"(?i)\{\{\s*[\w .-]{1,40}\s*\}\}|[\[<(](insert|fill in|your answer|add|enter|todo|tbd)\b[^\]>)\n]{0,50}[\]>)]|"
    r"lorem ipsum"
)


# A Morse message is longer; an emoji or a symbol of mathematics is an answer.
MARKS = r"^[\s\p{P}\p{C}]*\p{P}[\s\p{P}\p{C}]*$"


@scorer(
    name="placeholder",
    title="Placeholder answer",
    dimension="complete",
    suggests="drop",
    description="The answer is a placeholder such as N/A, TODO or <nooutput>, or leaves a blank of its template open.",
)
def score_placeholder(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers that are placeholders, and blanks left open in real ones."""
    completions = examples["completion"]
    short = completions.str.len_chars() <= 80
    whole = (completions.str.contains(WHOLE) & completions.str.contains(r"\w") & short).fill_null(False)
    findings = [
        Finding(row, 0.0, "The answer is a placeholder.", 0, len(completions[row]))
        for row in whole.arg_true().to_list()
    ]
    marks = completions.str.contains(MARKS).fill_null(False)
    findings += [Finding(row, 0.0, "The answer holds only punctuation.") for row in marks.arg_true().to_list()]
    blank = re.compile(BLANK)
    marker = re.compile(MARKER)
    for row in rows_matching(completions, MARKER):
        found = marker.search(completions[row])
        if found is not None:
            reason = f"The answer opens with the placeholder '{found.group(0).strip()}'."
            findings.append(Finding(row, 0.0, reason, *found.span()))
    for row in rows_matching(completions, BLANK):
        found = blank.search(completions[row])
        if found is not None:
            reason = f"A blank of a template was left open: '{found.group(0)}'."
            findings.append(Finding(row, 0.3, reason, *found.span()))
    return judged(examples, findings)
