"""BLEU by sacrebleu: for each output the sentence score, as extra the corpus score; 0 to 1 instead of 0 to 100.

The value that tables report is the **mean of the sentence scores** (13a tokens, exponential smoothing, effective
order), because it has an interval and can be paired; papers mostly state the corpus score, which is another figure and
stands beside it as `corpus_bleu`. Not covered: several references; a tokenizer for Chinese or Japanese.

Source: Post 2018, "A Call for Clarity in Reporting BLEU Scores"; Chen and Cherry 2014 for smoothing.
"""

from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric


def corpus_bleu(predictions: Sequence[str], references: Sequence[str]) -> float:
    """Return the corpus BLEU with sacrebleu's defaults, 0 to 1."""
    from sacrebleu.metrics.bleu import BLEU

    return float(BLEU(force=True).corpus_score(list(predictions), [list(references)]).score) / 100.0


@metric(
    name="bleu",
    title="BLEU (sentence mean)",
    description="Sentence BLEU: overlap of word sequences of one to four words with a penalty for short outputs.",
    applies="text",
    corpus=corpus_bleu,
)
def bleu(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the smoothed sentence BLEU, 0 to 1."""
    from sacrebleu.metrics.bleu import BLEU

    scorer = BLEU(effective_order=True, force=True)
    return [
        min(float(scorer.sentence_score(given, [wanted]).score) / 100.0, 1.0)  # rounding may leave 1.0000000000000004
        for given, wanted in zip(predictions, references, strict=True)
    ]
