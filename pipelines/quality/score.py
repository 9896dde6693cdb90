"""Run the scorers over examples.

One pass per scorer over all rows; scorers share readings (parsed JSON, tasks) through the context. Those that need
vectors are left out where none are given, and the result says which ran.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns
from pipelines.progress import Progress, no_progress
from pipelines.quality.registry import SCORE_ROWS, SCORERS, Scorer, ScoringContext
from pipelines.quality.settings import QualitySettings

SCORES = pl.Schema(
    {
        "example_id": pl.String,
        "scorer": pl.String,
        "score": pl.Float64,
        "reason": pl.String,
        "start": pl.Int32,
        "end": pl.Int32,
    }
)


@dataclass(frozen=True)
class Scores:
    """What the scorers found.

    Attributes:
        scores: a row for every example and every scorer that could judge it, ordered by scorer and example_id;
            `reason` is null where there is nothing to say, `start` and `end` are characters of the completion.
        scorers: the names of the scorers that ran.
        settings: the settings used.
    """

    scores: pl.DataFrame
    scorers: list[str]
    settings: QualitySettings

    @property
    def findings(self) -> pl.DataFrame:
        """The rows with a reason."""
        return self.scores.filter(pl.col("reason").is_not_null())


def score_examples(
    examples: pl.DataFrame,
    settings: QualitySettings | None = None,
    *,
    vectors: np.ndarray | None = None,
    completion_vectors: np.ndarray | None = None,
    progress: Progress = no_progress,
) -> Scores:
    """Score every example with every scorer.

    Args:
        examples: a frame of `EXAMPLES`; an id that comes twice is scored once.
        settings: thresholds and the choice of scorers.
        vectors: (n, d) float32 unit rows of the prompts, aligned to `examples`.
        completion_vectors: (n, d) float32 unit rows of the completions, aligned to `examples`.
        progress: told after each scorer.

    Returns:
        The scores; none for no examples.

    Raises:
        CurationError: an unknown scorer is named, or vectors do not match the examples.
    """
    check_columns(examples, EXAMPLES, "examples to score")
    settings = settings or QualitySettings()
    chosen = chosen_scorers(settings)
    _check_vectors(examples, vectors, "prompt")
    _check_vectors(examples, completion_vectors, "completion")
    order = _distinct_order(examples)
    examples = examples[order]
    context = ScoringContext(
        examples,
        settings,
        None if vectors is None else vectors[order],
        None if completion_vectors is None else completion_vectors[order],
        progress,
    )
    frames = [pl.DataFrame(schema=SCORES)]
    for index, entry in enumerate(chosen):
        progress(index / len(chosen), f"Scoring: {entry.title}")
        rows = entry.function(examples, context)
        if rows.height:
            frames.append(
                rows.match_to_schema(SCORE_ROWS).select(
                    "example_id", pl.lit(entry.name).alias("scorer"), "score", "reason", "start", "end"
                )
            )
    progress(1.0, "Scored")
    return Scores(pl.concat(frames), [entry.name for entry in chosen], settings)


def chosen_scorers(settings: QualitySettings) -> list[Scorer]:
    """Return the scorers that the settings name, all where they name none.

    Raises:
        CurationError: a name that no scorer has.
    """
    for name in settings.scorers:
        if name not in SCORERS:
            raise CurationError(f"There is no scorer named '{name}'.", f"Choose among: {', '.join(SCORERS)}.")
    return [SCORERS[name] for name in dict.fromkeys(settings.scorers)] or list(SCORERS.values())


def _distinct_order(examples: pl.DataFrame) -> np.ndarray:
    """Return the rows in the order of their ids, each id once, so that the order of the input decides nothing."""
    return (
        examples.select("example_id").with_row_index("row").unique("example_id", keep="first").sort("example_id")["row"]
    ).to_numpy()


def _check_vectors(examples: pl.DataFrame, vectors: np.ndarray | None, what: str) -> None:
    if vectors is not None and (vectors.ndim != 2 or vectors.shape[0] != examples.height):
        raise CurationError(
            f"The {what} vectors have the shape {vectors.shape}; there are {examples.height} examples.",
            "Embed the same examples in the same order.",
        )
