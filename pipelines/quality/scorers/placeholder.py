"""Answers that hold the place of an answer: "N/A", "TODO", "<nooutput>", "[insert answer here]", "lorem ipsum".

1: no placeholder. 0: the whole answer is one, is nothing but a few marks of punctuation, or opens with a marker such
as `<nooutput>`. 0.3: a blank of a template was left unfilled inside a real answer (`{{name}}`, `[insert date]`),
which is doubtful, not certain.

Words that may be an answer as well ("pending", "null", "draft") are placeholders where nearly all answers of their task
are sentences, doubtful where some are, and nothing where answers are mostly a word or two. Marks of punctuation are an
answer to a prompt that asks for a sign.

Source: the defect classes that the README of gururise/AlpacaDataCleaned names.
Not covered: "[Your Name]" in letters, which is often meant.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

WHOLE = (
    r"(?i)^[\s\p{P}]*(n\.?\s?/?\s?a|not applicable|none given|to-?do|tbd|tba|fixme|wip|x{2,}|"
    r"(to be|will be) (added|determined|done|written|completed|filled( in)?|provided)( later)?|placeholder( text)?|"
    r"(your|the|add|write|insert|enter|put)? ?(the |an? |your )?(answer|response|output|reply|text|completion|content)"
    r"( goes| comes| to follow| pending)?( here| later| pending)|coming soon|foo(bar)?|"
    r"asdf\w*|qwerty\w*|blah( blah)*|dummy( text)?|sample( text| answer)?|example( text| answer)|no ?(input|output|"
    r"answer|response|reply|completion)( yet| given| provided| available| needed| required)?|(fill|type) (this )?in|"
    r"see above|same as above|ditto|change ?me|temp(orary)? text)[\s\p{P}]*$"
)
EITHER = r"(?i)^[\s\p{P}]*(null|nil|undefined|nan|pending|draft|test(ing)?( \d+)?|temp(orary)?)[\s\p{P}]*$"
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
ABOUT_MARKS = (
    r"(?i)\b(symbol|operator|punctuation|character|sign|mark|emoji|emoticon|bracket|delimiter|separator|morse|comma|"
    r"dash|quote|wildcard|ascii)s?\b"
)
# An answer of this many words is a sentence; a task has sentences when this share of its answers are.
SENTENCE_WORDS = 6
NEARLY_ALL, SOME = 0.9, 0.5


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
    findings += _words_of_either_kind(examples, context)
    marks = completions.str.contains(MARKS) & ~examples["prompt"].str.contains(ABOUT_MARKS)
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


def _words_of_either_kind(examples: pl.DataFrame, context: ScoringContext) -> list[Finding]:
    """Judge words that are a placeholder among sentences and a label among labels."""
    facts = examples.select(
        either=pl.col("completion").str.contains(EITHER),
        size=pl.col("completion").str.len_chars(),
        sentence=pl.col("completion").str.count_matches(r"\S+") >= SENTENCE_WORDS,
        task=pl.Series(context.tasks, dtype=pl.String),
    ).with_row_index("row")
    facts = facts.with_columns(share=pl.col("sentence").filter(~pl.col("either")).mean().over("task"))
    found = facts.filter(pl.col("either") & (pl.col("share") >= SOME))
    return [
        Finding(row, 0.0 if share >= NEARLY_ALL else 0.3, "The answer is a placeholder.", 0, size)
        for row, share, size in found.select("row", "share", "size").iter_rows()
    ]
