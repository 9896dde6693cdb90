"""Outputs judged by a quality scorer, as if they were completions of a data set."""

from collections.abc import Sequence

import polars as pl

from pipelines.quality.registry import SCORERS, ScoringContext
from pipelines.quality.settings import QualitySettings


def found_by(scorer: str, texts: Sequence[str]) -> list[bool]:
    """Tell for each text whether the quality scorer of this name finds fault with it as an answer.

    Only for scorers that look at the completion alone.
    """
    names = [str(place) for place in range(len(texts))]
    examples = pl.DataFrame(
        {"example_id": names, "completion": list(texts)}, schema={"example_id": pl.String, "completion": pl.String}
    ).with_columns(system=pl.lit(""), prompt=pl.lit(""))
    scored = SCORERS[scorer].function(examples, ScoringContext(examples, QualitySettings()))
    found = set(scored.filter(pl.col("score") < 1.0)["example_id"])
    return [name in found for name in names]
