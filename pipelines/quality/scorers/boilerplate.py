"""Boilerplate: answers that open or close with a sentence which many answers to other prompts open or close with too.

1: no such sentence. 0.6: the first or the last sentence ("I hope this helps!") is that of at least `minimum_group`
different answers to different prompts, and of at least `boilerplate_share` of all examples, but case and numbers. The
sentences are learned from the project; there is no list. A sentence that is the whole answer is a label, not padding,
and one of fewer than three words ("Yes.", "Dear Ann,") is none. Where most answers of a task have such an opening (or
closing) it is the project's voice, which tuning is to teach, and nothing is said.

Measured on `alpaca`: three closings planted in 1 % of the answers each are found in all of them, and nothing else is
flagged (`python -m tests.benchmarks.habit_figures`).
Not covered: padding in the middle of an answer, padding worded anew each time, scripts that write no spaces.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

LONGEST_SENTENCE = 160
FEWEST_WORDS = 3
# From this share of a task's answers on, a frequent opening is the voice of the task.
VOICE_SHARE = 0.5

OPENS = rf"^\s*([^\n.!?:]{{1,{LONGEST_SENTENCE}}}[.!?:]*)"
CLOSES = rf"(?:^|[\n.!?:])\s*([^\n.!?:\s][^\n.!?:]{{0,{LONGEST_SENTENCE}}}[.!?]*)\s*$"


@scorer(
    name="boilerplate",
    title="Boilerplate",
    dimension="tone",
    suggests="nothing",
    description="The answer opens or closes with a sentence that many answers to other prompts have too.",
)
def score_boilerplate(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find openings and closings that say the same whatever was asked."""
    findings: list[Finding] = []
    for opens in (True, False):
        for row, sentence, answers in _padding(examples, context, opens=opens).iter_rows():
            text = examples["completion"][row]
            start = text.find(sentence) if opens else text.rfind(sentence)
            where = "opens" if opens else "closes"
            reason = f"The answer {where} with '{sentence[:60]}', as {answers:,} answers to other prompts do."
            findings.append(Finding(row, 0.6, reason, start, start + len(sentence)))
    return judged(examples, findings)


def _padding(examples: pl.DataFrame, context: ScoringContext, *, opens: bool) -> pl.DataFrame:
    """Return row, sentence and the number of other answers that have it, where it is padding."""
    settings = context.settings
    fewest = max(settings.minimum_group, settings.boilerplate_share * examples.height)
    edge = pl.col("completion").str.head if opens else pl.col("completion").str.tail
    sentences = examples.select(
        sentence=edge(2 * LONGEST_SENTENCE).str.extract(OPENS if opens else CLOSES).str.strip_chars(),
        size=pl.col("completion").str.strip_chars().str.len_chars(),
        task=pl.Series(context.tasks, dtype=pl.String),
    ).with_row_index("row")
    worded = pl.col("sentence").str.count_matches(r"\p{L}{2,}") >= FEWEST_WORDS
    counted = (
        sentences.filter(worded & (pl.col("sentence").str.len_chars() < pl.col("size")))
        .with_columns(folded=pl.col("sentence").str.to_lowercase().str.replace_all(r"\d+", "0"))
        .filter(pl.len().over("folded") >= fewest)
    )
    frequent = pl.concat([counted, examples.select("prompt", "completion")[counted["row"]]], how="horizontal")
    frequent = frequent.with_columns(
        answers=pl.min_horizontal(pl.col("prompt", "completion").n_unique().over("folded")).cast(pl.Int64)
    ).filter(pl.col("answers") >= fewest)
    of_task = sentences.group_by("task").agg(pl.len().alias("rows"))
    return (
        frequent.join(of_task, on="task")
        .filter(pl.len().over("task") < VOICE_SHARE * pl.col("rows"))
        .sort("row")
        .select("row", "sentence", pl.col("answers") - 1)
    )
