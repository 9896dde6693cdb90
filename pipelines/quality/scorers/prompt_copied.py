"""Answers that give the prompt back.

1: the answer is its own text. 0: the answer equals the prompt, or at least `copied_share` of its words stand in the
prompt in the same order and without a gap, and it adds nothing else. Short answers are not judged (a choice among
given options is a copy with good cause), nor are prompts that ask for a copy (edit, correct, extract, repeat).
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

FEWEST_WORDS = 6
# Words of its own that an answer may have at either end and still be a copy.
MOST_SPARE = 8
ASKS_FOR_COPY = (
    r"(?i)\b(edit|correct|insert|minimi|rearrange|cite|combine|add|take|make|put|join|split|delete|reverse|rewrite|"
    r"extract|repeat|copy|translate|fix|proofread|punctuat|capitali|sort|quote|select|"
    r"highlight|identify|find|choose|pick|which|classify|rephrase|format|remove|replace|convert|spell|paraphrase|"
    r"reword|revise|improve|change|transform|modify|arrange|reorder|complete|fill|grammar|summari[sz]e)"
)


@scorer(
    name="prompt_copied",
    title="Prompt given back",
    dimension="correct",
    suggests="review",
    alone=True,
    description="The answer repeats the prompt and adds nothing.",
)
def score_prompt_copied(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers that are part of their prompt."""
    folded = examples.select(
        prompt=_folded("prompt"),
        completion=_folded("completion"),
        words=pl.col("completion").str.count_matches(r"\w+"),
        asks=pl.col("prompt").str.contains(ASKS_FOR_COPY),
    ).with_row_index("row")
    same = folded.filter((pl.col("completion") == pl.col("prompt")) & (pl.col("words") >= 3))["row"].to_list()
    candidates = folded.filter(
        (pl.col("words") >= FEWEST_WORDS)
        & ~pl.col("asks")
        & (pl.col("completion").str.len_chars() <= pl.col("prompt").str.len_chars() / context.settings.copied_share)
    )
    findings = [Finding(row, 0.0, "The answer is the prompt.", 0, len(examples["completion"][row])) for row in same]
    for row, prompt, completion in candidates.select("row", "prompt", "completion").iter_rows():
        if completion != prompt and _copied_share(prompt, completion) >= context.settings.copied_share:
            reason = "The answer only repeats words of the prompt."
            findings.append(Finding(row, 0.0, reason, 0, len(examples["completion"][row])))
    return judged(examples, findings)


def _folded(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().str.replace_all(r"[\W_]+", " ").str.strip_chars()


def _copied_share(prompt: str, completion: str) -> float:
    """Return the share of the answer's words in a run that the prompt has too, a few words at either end aside."""
    words = completion.split()
    spaced = f" {prompt} "
    spare = min(len(words) // 10, MOST_SPARE)
    for left_out in range(spare + 1):
        for start in range(left_out + 1):
            run = words[start : len(words) - left_out + start]
            if f" {' '.join(run)} " in spaced:
                return len(run) / len(words)
    return 0.0
