"""ROUGE-2: pairs of successive words that output and reference share, as F1, by rouge-score.

Words are those of `pipelines.evaluation.words` without stemming, as for ROUGE-L. Texts without any such unit score 0 by
the library's rule, but two texts of the same words score 1.

Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", section 2.
"""

from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric
from pipelines.evaluation.words import WordTokenizer, words_of


@metric(
    name="rouge_2",
    title="ROUGE-2",
    description="F1 of the pairs of successive words that output and reference share.",
    applies="text",
    default=False,
)
def rouge_2(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the shared pairs of successive words as F1, 0 to 1."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge2"], tokenizer=WordTokenizer())
    return [
        1.0 if words_of(given) == words_of(wanted) else float(scorer.score(wanted, given)["rouge2"].fmeasure)
        for given, wanted in zip(predictions, references, strict=True)
    ]
