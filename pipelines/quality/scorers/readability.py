"""Answers that are much harder or much easier to read than those of their task.

1: ordinary. 0.5: the readability index of the answer lies more than `readability_spread` robust standard deviations
(median absolute deviation times 1.4826) from the median of its task. What is hard to read is no fault as such: a
contract and a nursery rhyme are both right in their place.

    LIX = words / sentences + 100 * long words / words          long: more than six letters

About 25 is a book for children, 40 a newspaper, 60 a statute. Sentences end at . ! ? : and at the end of a line. Only
prose of fifty words or more is judged: below, one word decides.

Source: Björnsson 1968, "Läsbarhet"; it needs no syllables and so holds in every language that writes spaces.
Not covered: scripts that write no spaces; tasks that mix languages of short and of long words.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

FEWEST_WORDS = 50
# Half of a step of the scale; a smaller spread is a template's, and distance in it would make other answers odd.
LEAST_SPREAD = 5.0
_SENTENCE = re.compile(r"[^\s.!?:][^.!?:\n]*[.!?:]*")


@scorer(
    name="readability",
    title="Odd readability",
    dimension="tone",
    suggests="nothing",
    description="The answer is much harder or much easier to read (LIX) than the others of its task.",
)
def score_readability(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find prose of odd readability within its task."""
    words = pl.col("completion").str.count_matches(r"\p{L}+(?:['’-]\p{L}+)*")
    facts = (
        examples.select(
            words=words,
            task=pl.Series(context.tasks, dtype=pl.String),
            json=pl.Series([text is not None for text in context.json_texts], dtype=pl.Boolean),
            code=pl.col("completion").str.contains(r"```|[{};]\s*\n|</\w+>", literal=False),
        )
        .with_row_index("row")
        .filter((pl.col("words") >= FEWEST_WORDS) & ~pl.col("json") & ~pl.col("code"))
    )
    texts = examples["completion"].gather(facts["row"])
    facts = (
        facts.with_columns(
            lix=pl.col("words") / texts.str.count_matches(r"[^\s.!?:][.!?:]+(?:\s|$)|[^\s.!?:]\s*(?:\n|$)").clip(1)
            + 100 * texts.str.count_matches(r"\p{L}{7,}") / pl.col("words")
        )
        .with_columns(middle=pl.col("lix").median().over("task"), count=pl.len().over("task"))
        .with_columns(spread=(pl.col("lix") - pl.col("middle")).abs().median().over("task") * 1.4826)
    )
    odd = facts.filter(
        (pl.col("count") >= context.settings.minimum_group)
        & (
            (pl.col("lix") - pl.col("middle")).abs()
            > context.settings.readability_spread * pl.col("spread").clip(LEAST_SPREAD)
        )
    )
    findings = []
    for row, lix, middle in odd.select("row", "lix", "middle").iter_rows():
        text = examples["completion"][row]
        much = "harder" if lix > middle else "easier"
        span = _longest_sentence(text) if lix > middle else (0, len(text))
        reason = f"The answer is much {much} to read than its task: LIX {lix:.0f}, {middle:.0f} is usual."
        findings.append(Finding(row, 0.5, reason, *span))
    return judged(examples, findings, facts["row"].to_list())


def _longest_sentence(text: str) -> tuple[int, int]:
    return max((found.span() for found in _SENTENCE.finditer(text)), key=lambda span: span[1] - span[0])
