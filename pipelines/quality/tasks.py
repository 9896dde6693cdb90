"""Which task an example belongs to, read from what many prompts share.

A data set mixes tasks, and what is odd in one is the rule in another; a habit is therefore looked for within a task.
The task of an example is, in this order and each only where at least `minimum` examples share it: its system prompt,
the first line of a prompt of several lines, the words before the first colon of the prompt; of several turns the first
counts. All other examples form one task, ''.

Not covered: tasks that share no words; the clusters of embeddings show those.
"""

import polars as pl

# A template's own words stand at the front; beyond this many characters a "first line" is content.
LONGEST_TEMPLATE = 300


def task_keys(examples: pl.DataFrame, minimum: int) -> list[str]:
    """Return the task of every row, in row order.

    Args:
        examples: a frame of `EXAMPLES`.
        minimum: how many examples must share a beginning for it to be a task.
    """
    prompt = pl.col("prompt").str.replace(r"^user: ", "").str.strip_chars()
    first_line = pl.when(prompt.str.contains("\n")).then(prompt.str.split("\n").list.first())
    before_colon = pl.when(prompt.str.contains(":")).then(prompt.str.split(":").list.first())
    candidates = examples.select(
        system=_shared(pl.when(pl.col("system").str.strip_chars() != "").then(pl.col("system")), "system:", minimum),
        line=_shared(first_line, "line:", minimum),
        colon=_shared(before_colon, "colon:", minimum),
    )
    return candidates.select(pl.coalesce("system", "line", "colon", pl.lit(""))).to_series().to_list()


def _shared(text: pl.Expr, mark: str, minimum: int) -> pl.Expr:
    """Keep a beginning where it is short enough and enough rows have it, else null."""
    folded = text.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    usable = pl.when(folded.str.len_chars().is_between(1, LONGEST_TEMPLATE)).then(folded)
    return pl.when(usable.is_not_null() & (usable.count().over(usable) >= minimum)).then(pl.lit(mark) + usable)
