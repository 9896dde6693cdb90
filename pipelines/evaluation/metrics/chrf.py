"""ChrF by sacrebleu: F2 over character sequences of one to six characters, white space left out; 0 to 1.

Reported is the **mean of the sentence scores**, which has an interval and can be paired; the corpus score stands beside
it as `corpus_chrf`. Works for scripts without spaces, where BLEU and words do not.

Source: Popovic 2015, "chrF: character n-gram F-score for automatic MT evaluation".
"""

from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric


def corpus_chrf(predictions: Sequence[str], references: Sequence[str]) -> float:
    """Return the corpus chrF with sacrebleu's defaults, 0 to 1."""
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().corpus_score(list(predictions), [list(references)]).score) / 100.0


@metric(
    name="chrf",
    title="chrF (sentence mean)",
    description="Overlap of sequences of one to six characters, recall counting twice as much as precision.",
    applies="text",
    corpus=corpus_chrf,
)
def chrf(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the sentence chrF, 0 to 1."""
    from sacrebleu.metrics.chrf import CHRF

    scorer = CHRF()
    return [
        min(float(scorer.sentence_score(given, [wanted]).score) / 100.0, 1.0)  # rounding may leave 1.0000000000000004
        for given, wanted in zip(predictions, references, strict=True)
    ]
