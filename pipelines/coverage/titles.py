"""Titles of clusters: the words that stand in a cluster's prompts and in few others.

Class-based TF-IDF: a word weighs its share of the cluster's prompts times log(1 + A / f), with A the mean number of
words a cluster and f how often the word stands in all. A prompt counts a word once, so that no long text speaks for
its cluster. English stop words and the role names of multi-turn prompts are passed over, so are words that fewer than
a tenth of the cluster's prompts hold (names, slips of the pen: rare everywhere, so weighty, yet telling nothing), and
of words that differ in their ending only the first is taken.

Source: Grootendorst 2022, arXiv:2203.05794, section 3.3.
Not covered: phrases; scripts without spaces are titled by their characters' runs.
"""

import re

import numpy as np
import polars as pl

from pipelines.coverage.cluster import Labels

WORDS_A_TITLE = 3
WORDS_A_PROMPT = 400
LEAST_SHARE = 0.1
ROLE = r"(?m)^(?:user|assistant|system|tool): "
WORD = r"\p{L}[\p{L}\p{M}'’-]+"
ENDING = re.compile(r"(?:'s|’s|ings?|ies|ied|ers?|ed|es|s|y|e)$")


def cluster_titles(prompts: pl.Series, labels: Labels) -> dict[int, str]:
    """Return a title of up to three words for each cluster.

    Args:
        prompts: one text a row.
        labels: `(n,)` the cluster of each row.

    Returns:
        A title by cluster, all different; one without such words is titled by the beginning of its shortest prompt.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    frame = pl.DataFrame({"row": np.arange(len(prompts)), "cluster": labels, "prompt": prompts})
    words = (
        frame.select(
            "row",
            "cluster",
            word=pl.col("prompt")
            .str.replace_all(ROLE, "")
            .str.to_lowercase()
            .str.extract_all(WORD)
            .list.head(WORDS_A_PROMPT),
        )
        .explode("word", empty_as_null=False, keep_nulls=False)
        .unique()
        .filter(~pl.col("word").is_in(sorted(ENGLISH_STOP_WORDS)))
    )
    sizes = frame.group_by("cluster").agg(size=pl.len())
    mean_words = len(words) / max(len(sizes), 1)
    weighed = (
        words.group_by("cluster", "word")
        .agg(inside=pl.len())
        .with_columns(everywhere=pl.col("inside").sum().over("word"))
        .join(sizes, on="cluster")
        .filter(pl.col("inside") >= LEAST_SHARE * pl.col("size"))
        .with_columns(weight=pl.col("inside") / pl.col("size") * (1 + mean_words / pl.col("everywhere")).log())
        .sort("cluster", "weight", "word", descending=[False, True, False])
        .group_by("cluster", maintain_order=True)
        .agg(pl.col("word").head(12))
    )
    candidates = dict(weighed.iter_rows())
    titles: dict[int, str] = {}
    for cluster in sorted(sizes["cluster"]):
        chosen = _distinct_stems(candidates.get(cluster, []))
        size = WORDS_A_TITLE
        title = ", ".join(chosen[:size]) or _beginning(frame.filter(pl.col("cluster") == cluster)["prompt"])
        while title in titles.values() and size < len(chosen):
            size += 1
            title = ", ".join(chosen[:size])
        titles[cluster] = f"{title} ({cluster})" if title in titles.values() else title
    return titles


def _distinct_stems(words: list[str]) -> list[str]:
    """Leave out words that are an earlier one with another ending."""
    seen: dict[str, str] = {}
    for word in words:
        stem = ENDING.sub("", word) if len(word) > 4 else word
        seen.setdefault(stem, word)
    return list(seen.values())


def _beginning(prompts: pl.Series) -> str:
    shortest = min(prompts.to_list(), key=lambda prompt: (len(prompt), prompt))
    words = " ".join(shortest.split())[:40]
    return words or "empty"
