"""ROUGE-L: the longest common subsequence of words, as F1, by rouge-score.

Words are those of `pipelines.evaluation.words` without stemming: the library's own tokenizer drops every letter outside
a-z and so gives 0 to any answer in another script; on ASCII text both give the same figure.

Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", section 3.
"""

from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric
from pipelines.evaluation.words import WordTokenizer


@metric(
    name="rouge_l",
    title="ROUGE-L",
    description="F1 of the longest sequence of words that output and reference share in order.",
    applies="text",
)
def rouge_l(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the longest common subsequence as F1, 0 to 1."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=WordTokenizer())
    return [
        float(scorer.score(wanted, given)["rougeL"].fmeasure)
        for given, wanted in zip(predictions, references, strict=True)
    ]
