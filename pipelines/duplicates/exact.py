"""Exact duplicates: the same system text, prompt and completion but for case and white space.

Pairs are listed with the first row of each class, and all pairs of a class of up to ten rows.

Not covered: punctuation and Unicode forms; such pairs are near-duplicates with similarity 1.
"""

import polars as pl

from pipelines.duplicates.classes import classes_of, spread_pairs
from pipelines.duplicates.near import PAIRS

NO_PAIRS = pl.DataFrame(schema={"left": pl.Int64, "right": pl.Int64, "similarity": pl.Float64})


def find_exact_duplicates(examples: pl.DataFrame) -> pl.DataFrame:
    """Find the pairs of examples with the same canonical text.

    Args:
        examples: with `example_id`, `system`, `prompt` and `completion`.

    Returns:
        Columns of `PAIRS` with similarity 1, the earlier row as `example_a`, sorted by row.
    """
    texts = [canonical_text(pl.col(name)).alias(name) for name in ("system", "prompt", "completion")]
    rows = examples.select(pl.int_range(pl.len()).alias("row"), *texts)
    pairs = spread_pairs(classes_of(rows), NO_PAIRS)
    ids = examples["example_id"]
    return pl.DataFrame(
        {"example_a": ids.gather(pairs["a"]), "example_b": ids.gather(pairs["b"]), "similarity": pairs["similarity"]},
        schema=PAIRS,
    )


def canonical_text(text: pl.Expr) -> pl.Expr:
    """Fold case and white space."""
    return text.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars(" ")
