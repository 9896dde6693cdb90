"""Scores over shards: every scorer that judges an example by itself, a part at a time.

Not covered: scorers that hold an example against the habits of its task or of all examples, or that need vectors; they
want the stage in memory (`pipelines/quality/score.py`).
"""

from pathlib import Path

from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import read_frames, write_frame
from pipelines.engine.stages import Stages, numbered
from pipelines.errors import CurationError
from pipelines.quality.registry import SCORERS
from pipelines.quality.score import chosen_scorers, score_examples
from pipelines.quality.settings import QualitySettings

STAGES = 1


def score_shards(parts: Parts, settings: QualitySettings, folder: Path, stages: Stages) -> list[Path]:
    """Score the examples of all parts.

    Args:
        parts: of `put_in_order`.
        settings: thresholds and the choice of scorers; where it names none, all that judge an example by itself.
        folder: for the scores.
        stages: runs the work.

    Returns:
        Parquet files with the columns of `score.SCORES`, one a part, ordered by scorer and id.

    Raises:
        CurationError: the settings name a scorer that there is not, or that needs other examples or vectors.
    """
    chosen = chosen_scorers(settings)
    if settings.scorers and (others := [entry.name for entry in chosen if not entry.alone]):
        raise CurationError(
            f"The scorer '{others[0]}' judges an example beside others, which lie in other shards.",
            f"Name some of: {', '.join(lone_scorers())}; or audit the files in memory.",
        )
    own = settings.model_copy(update={"scorers": tuple(entry.name for entry in chosen if entry.alone)})
    return stages.run(
        "Scoring",
        score_part,
        [(path, own, numbered(folder, number, ".parquet")) for number, path in enumerate(parts.examples)],
    )


def lone_scorers() -> list[str]:
    """Return the names of the scorers that judge an example by itself."""
    return [entry.name for entry in SCORERS.values() if entry.alone]


def score_part(examples: Path, settings: QualitySettings, out: Path) -> None:
    """Write the scores of a part."""
    # No scorer that judges an example by itself reads the messages.
    rows = read_frames([examples])
    write_frame(out, score_examples(rows, settings).scores)
