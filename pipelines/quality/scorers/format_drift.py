"""Dates, numbers, units and lists written in another way than the answers of the task write them.

1: written as usual. 0.4: the answer holds a form that is not its task's. A habit (`HABITS`) is a choice between forms
of one thing: 2024-03-01 or March 1, 2024; 3.5 or 3,5; 5 kg or 5kg; "- " or "* ". A task has a rule where at least
`minimum_group` of its answers show the habit and `majority_share` of them the same form. An answer that also has the
usual form is no drift, nor is one whose prompt holds the form or asks for one ("in the format …", "in steps").
What is usual is learned; no form is right in itself. Answers with code are not judged.

Source: METHODS 2.4. Measured on `alpaca`: forms planted in 5 % of the answers that have one are found in 0.83 to 1.00;
of the other answers 0.3 % are flagged, and do have the rarer form (`python -m tests.benchmarks.habit_figures`).
Not covered: which of 03/04 is the month; tasks whose prompts share no words.
"""

import re
from dataclasses import dataclass

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_BEFORE = r"(?:^|[\s(\"'“])"
_AFTER = r"(?:[.,;:!?)\"'”]*(?:\s|$))"
_UNIT = r"(?:kg|mg|km/h|km|cm|mm|ml|kWh|kW|GB|MB|TB|GHz|MHz|mph|lbs?|oz|°C|°F)"
_LINES = r"[^\n]*\n(?:[^\n]*\n)??"


@dataclass(frozen=True)
class Habit:
    """A choice between forms of one thing: patterns by the words that name them; no form is without the sign.

    Patterns are read both by Polars and by `re`, and so use what both know.
    """

    thing: str
    forms: dict[str, str]
    sign: str = r"\d"


HABITS = (
    Habit(
        "dates",
        {
            "2024-03-01": rf"{_BEFORE}\d{{4}}-\d{{2}}-\d{{2}}{_AFTER}",
            "2024/03/01": rf"{_BEFORE}\d{{4}}/\d{{1,2}}/\d{{1,2}}{_AFTER}",
            "03/01/2024": rf"{_BEFORE}\d{{1,2}}/\d{{1,2}}/(?:\d{{4}}|\d{{2}}){_AFTER}",
            "01.03.2024": rf"{_BEFORE}\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}}|\d{{2}}){_AFTER}",
            "March 1, 2024": rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b",
            "1 March 2024": rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{4}}\b",
        },
    ),
    Habit(
        "times of day",
        {
            "2:30 pm": r"(?i)\b\d{1,2}(?:[:.]\d{2})? ?[ap]\.?m\b",
            "14:30": r"(?i)\b(?:[01]?\d|2[0-3]):[0-5]\d(?:[.,;!?)]*$|[.,;!?)]*\s+(?:[^ap\s]|[ap][^.m]))",
        },
    ),
    Habit(
        "decimals",
        {
            "3.5": rf"(?:^|[\s($€£])(?:\d{{1,3}}(?:,\d{{3}})+|\d+)\.\d{{1,2}} ?[%€$£]?{_AFTER}",
            "3,5": rf"(?:^|[\s$€£])(?:\d{{1,3}}(?:\.\d{{3}})+|\d+),\d{{1,2}} ?[%€$£]?{_AFTER}",
        },
    ),
    Habit("units", {"5 kg": rf"\b\d+ {_UNIT}{_AFTER}", "5kg": rf"\b\d+{_UNIT}{_AFTER}"}),
    Habit(
        "measures",
        {
            "kg, km, °C": rf"\b\d+ ?(?:kg|km/h|km|cm|mm|°C|(?:kilomet|met|lit)(?:er|re)s?|kilograms?){_AFTER}",
            "lb, miles, °F": rf"\b\d+ ?(?:lbs?|oz|mph|°F|miles?|feet|inch(?:es)?|ounces?|gallons?){_AFTER}",
        },
    ),
    Habit("percentages", {"5%": r"\d%", "5 %": "\\d[ \u00a0\u202f]%", "5 percent": r"\d ?per ?cent\b"}),
    Habit(
        "amounts of money",
        {"$5": r"[$€£] ?\d", "5 $": r"\d ?[$€£](?:[^\d\w]|$)", "5 USD": r"\d ?(?:USD|EUR|GBP|dollars?|euros?)\b"},
    ),
    Habit(
        "bullets",
        {name: rf"(?m)^[ \t]*{mark}[ \t]+{_LINES}[ \t]*{mark}[ \t]" for name, mark in
         (("-", "-"), ("*", r"\*"), ("•", "•"), ("–", "–"))},
        "\n",
    ),
    Habit(
        "numbered lists",
        {name: rf"(?m)^[ \t]*{first}[ \t]*{_LINES}[ \t]*{second}" for name, first, second in
         (("1.", r"1\. ?[^\d\s]", r"2\."), ("1)", r"1\)", r"2\)"), ("(1)", r"\(1\)", r"\(2\)"), ("1:", "1:", "2:"),
          ("a)", r"[aA]\)", r"[bB]\)"), ("Step 1:", "(?i:step) 1[:.]", "(?i:step) 2[:.]"))},
        "\n",
    ),
)  # fmt: skip
ASKED = (
    r"(?i:\b(?:format|formatted|convert|notation|style|bullets?|bulleted|numbered|unit|metric|imperial|rewrite|"
    r"steps?)\b)"
)
CODE = r"```|</\w+>|[;{}]\s*\n"


@scorer(
    name="format_drift",
    title="Written in another form",
    dimension="format",
    suggests="review",
    description="Dates, numbers, units or lists are written in another form than in most answers of the task.",
)
def score_format_drift(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find forms of dates, numbers, units and lists that are not those of the task."""
    facts = (
        examples.lazy()
        .select("prompt", "completion", task=pl.Series(context.tasks, dtype=pl.String))
        .with_row_index("row")
        .filter(~pl.col("completion").str.contains(CODE))
        .collect()
    )
    findings = []
    for habit in HABITS:
        for row, form, usual, share in _drifted(facts, habit, context).iter_rows():
            found = re.search(habit.forms[form], examples["completion"][row])
            reason = f"The {habit.thing} are written as '{form}'; {share:.0%} of the task write '{usual}'."
            findings.append(Finding(row, 0.4, reason, *(found.span() if found else (None, None))))
    return judged(examples, findings, facts["row"].to_list())


def _drifted(facts: pl.DataFrame, habit: Habit, context: ScoringContext) -> pl.DataFrame:
    """Return row, form, usual form and its share of the answers that hold only forms that are not their task's."""
    settings = context.settings
    candidates = facts.filter(pl.col("completion").str.contains(habit.sign))
    shown = pl.concat(
        candidates.filter(pl.col("completion").str.contains(pattern)).select(
            "row", "task", pl.lit(form).alias("form"), asked=pl.col("prompt").str.contains(f"{ASKED}|(?:{pattern})")
        )
        for form, pattern in habit.forms.items()
    )
    rules = (
        shown.with_columns(answers=pl.col("row").n_unique().over("task"))
        .group_by("task", "answers", usual="form")
        .agg(share=pl.len() / pl.col("answers").first())
        .filter((pl.col("answers") >= settings.minimum_group) & (pl.col("share") >= settings.majority_share))
        .sort("share", "usual", descending=[True, False])
        .unique("task", keep="first", maintain_order=True)
    )
    return (
        shown.join(rules, on="task")
        .filter((pl.col("form") != pl.col("usual")).all().over("row") & ~pl.col("asked"))
        .sort("row", "form")
        .select("row", "form", "usual", "share")
    )
