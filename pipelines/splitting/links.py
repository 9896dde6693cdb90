"""Which examples may not be parted, beyond the duplicate groups: what would let a test prompt be answered by memory.

    key         the same value in the column `group_key`, where the examples have one (document, conversation, ticket)
    prompt      equal prompts, case and white space folded
    completion  equal long completions, unless many prompts share them (canned replies, labels) or they are JSON
    near        prompts with a Jaccard similarity of at least the threshold
    rare        examples that share half of their rare word pairs (shingles of the template dropped), where the data is
                templated (see `templated.py`) or that is asked for

Chaining: a group that similarity alone holds together and that exceeds `largest_group` of the examples is cut by
raising the threshold inside it, step by step; that is noted, and the certificate then finds what was cut. On templated
data rare word pairs come first, and near links that would chain their groups are cut. Of more than `CROWD` prompts in
one template not every pair is looked at (see `similar.py`); the certificate looks at every one.

Measured by `leak_figures` on the half of `prompt_templates` on which nothing was chosen (4,450 rows, 20 % test, five
seeds): test rows whose source item is also trained on are 100 % after a random split, most with prompts' similarity
alone, at most 0.7 % with the defaults, none with a key.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.examples import EXAMPLES, check_columns
from pipelines.progress import Progress, no_progress
from pipelines.splitting.components import connect
from pipelines.splitting.rare import rare_containment
from pipelines.splitting.settings import LinkSettings
from pipelines.splitting.similar import Similar, folded, similar_texts
from pipelines.splitting.templated import LEAST_EXAMPLES, TEMPLATED, dense_share

LINKS = pl.Schema({"example_id": pl.String, "group_id": pl.String, "kind": pl.String})
_STEP = 0.05
# Prompts that share a beginning and are all compared; of larger crowds (one template) only neighbours are.
CROWD = 1_000


@dataclass(frozen=True)
class Links:
    """Groups of examples that belong together; an example may be in several.

    Attributes:
        links: `LINKS`, two rows or more a group_id.
        notes: chained groups that were cut.
        settings: the settings used.
    """

    links: pl.DataFrame
    notes: list[str]
    settings: LinkSettings


def link_examples(
    examples: pl.DataFrame, settings: LinkSettings | None = None, *, progress: Progress = no_progress
) -> Links:
    """Find the examples that belong to the same split.

    Args:
        examples: `EXAMPLES`; an optional column `group_key` (text, null where there is none) links what shares a value.
        settings: thresholds.
        progress: told after each kind of link.

    Returns:
        the links, independent of the order of rows; no examples give none.
    """
    settings = settings or LinkSettings()
    check_columns(examples, EXAMPLES, "examples")
    examples = examples.unique("example_id").sort("example_id")
    progress(0.0, "Linking prompts that resemble each other")
    # Equal prompts are linked already: one of each is enough, and ten thousand of one would make fifty million pairs.
    equal = _equal_prompts(examples)
    certain = [_equal_keys(examples), equal, _equal_completions(examples, settings)]
    folds = pl.Series([folded(text) for text in examples["prompt"]], dtype=pl.String)
    distinct = examples.filter(folds.is_first_distinct())
    near = similar_texts(
        distinct["prompt"].to_list(),
        None,
        threshold=settings.near_threshold,
        short_words=settings.short_words,
        crowd=CROWD,
    )
    notes: list[str] = []
    close = _Chains(distinct["example_id"], examples["example_id"], equal, settings)
    parts = [close.cut(near, "near", notes)]
    if settings.rare_shingles == "on" or (settings.rare_shingles == "auto" and examples.height >= LEAST_EXAMPLES):
        progress(0.6, "Linking examples that share rare words")
        texts = [
            f"{prompt}\n{completion}" for prompt, completion in examples.select("prompt", "completion").iter_rows()
        ]
        rare = rare_containment(texts, settings)
        groups = connect(examples["example_id"], pl.concat([*certain, *parts]))["group_id"].rank("dense")
        share = dense_share(rare, groups.to_numpy().astype(np.int64))
        if settings.rare_shingles == "on" or share >= TEMPLATED:
            notes = []
            whole = _Chains(examples["example_id"], examples["example_id"], equal, settings)
            parts = [whole.cut(rare, "rare", notes)]
            held = pl.concat([*certain, *parts])
            parts.append(replace(close, equal=held).cut(near, "near", notes))
            if settings.rare_shingles == "auto":
                notes.insert(0, _templated_note(share))
    progress(1.0, "Linked the examples")
    return Links(pl.concat([*certain, *parts]), notes, settings)


def _templated_note(share: float) -> str:
    return (
        f"The data looks templated, the same content in several wordings (measure {share:.2f}, from {TEMPLATED:g} on)."
        " Examples that share their rare word pairs stay together; a source key would be surer."
    )


def links_of_pairs(pairs: pl.DataFrame, kind: str = "pair") -> pl.DataFrame:
    """Turn pairs of examples, such as those of the duplicate stage, into links.

    Args:
        pairs: columns example_a and example_b.
        kind: written beside the links and into their group ids.

    Returns:
        `LINKS`, two rows a pair.
    """
    group = pl.concat_str(pl.lit(f"{kind}:"), "example_a", pl.lit("/"), "example_b")
    sides = [pairs.select(example_id=name, group_id=group, kind=pl.lit(kind)) for name in ("example_a", "example_b")]
    return pl.concat(sides).cast(LINKS)


def telling_completion(text: str, least: int) -> str | None:
    """Fold a completion; None if it is too short or JSON, so that equal ones need not come from one source."""
    text = folded(text)
    return text if len(text) >= least and not text.startswith(("{", "[")) else None


def _grouped(ids: pl.Series, keys: Sequence[str | None] | pl.Series, kind: str) -> pl.DataFrame:
    """Link the examples whose keys are equal."""
    frame = pl.DataFrame({"example_id": ids, "key": pl.Series(keys, dtype=pl.String)}).drop_nulls()
    frame = frame.filter(pl.len().over("key") > 1)
    first = pl.col("example_id").min().over("key")
    return frame.select("example_id", group_id=pl.lit(f"{kind}:") + first, kind=pl.lit(kind)).cast(LINKS)


def _equal_keys(examples: pl.DataFrame) -> pl.DataFrame:
    if "group_key" not in examples.columns:
        return LINKS.to_frame()
    return _grouped(examples["example_id"], examples["group_key"], "key")


def _equal_prompts(examples: pl.DataFrame) -> pl.DataFrame:
    return _grouped(examples["example_id"], [folded(text) or None for text in examples["prompt"]], "prompt")


def _equal_completions(examples: pl.DataFrame, settings: LinkSettings) -> pl.DataFrame:
    keys = [telling_completion(text, settings.completion_characters) for text in examples["completion"]]
    frame = pl.DataFrame({"key": pl.Series(keys, dtype=pl.String), "prompt": examples["prompt"]})
    prompts = frame.select(pl.col("prompt").n_unique().over("key")).to_series().to_list()
    keys = [key if count <= settings.completion_prompts else None for key, count in zip(keys, prompts, strict=True)]
    return _grouped(examples["example_id"], keys, "completion")


@dataclass(frozen=True)
class _Chains:
    """Pairs of distinct prompts turned into links; a chain counts all examples that have its prompts."""

    distinct: pl.Series
    ids: pl.Series
    equal: pl.DataFrame
    settings: LinkSettings

    def cut(self, pairs: Similar, kind: str, notes: list[str]) -> pl.DataFrame:
        """Turn pairs into links, raising the threshold inside components that are too large."""
        sides = {"example_a": self.distinct.gather(pairs.left), "example_b": self.distinct.gather(pairs.right)}
        schema = {"example_a": pl.String, "example_b": pl.String, "similarity": pl.Float64}
        frame = pl.DataFrame(sides | {"similarity": pairs.similarity}, schema=schema)
        most = max(math.ceil(self.settings.largest_group * self.ids.len()), 2)
        threshold = float(np.min(pairs.similarity)) if len(pairs.similarity) else 1.0
        longest, cut = 0, 0
        while True:
            links = pl.concat([links_of_pairs(frame), self.equal])
            members = connect(self.ids, links)
            large = members.filter(pl.len().over("group_id") > most)
            if large.is_empty() or threshold >= 1.0:
                break
            threshold = min(threshold + _STEP, 1.0)
            inside = pl.col("example_a").is_in(large["example_id"].implode())
            kept = frame.filter(~inside | (pl.col("similarity") >= threshold))
            if kept.height < frame.height:
                longest = max(longest, int(large["group_id"].value_counts()["count"].max()))  # type: ignore[arg-type]
            cut += frame.height - kept.height
            frame = kept
        if cut:
            notes.append(
                f"A chain of {longest:,} examples ({kind}) held more than {self.settings.largest_group:.0%} of all: "
                f"{cut:,} of its links, those below {threshold:.2f}, were cut."
            )
        return links_of_pairs(frame.select("example_a", "example_b"), kind)
