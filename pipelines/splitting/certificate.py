"""The certificate of a split: what was compared, what was found, and how much the check would have found.

For each pair of splits:

    group       a group with examples on both sides
    exact       equal prompts, case and white space folded
    completion  equal long completions, JSON aside; for information: two questions may rightly have one answer
    near        prompts with a true Jaccard similarity of at least the threshold
    rare        examples that share half of their rare word pairs (see `rare.py`); for information: on templated data
                they are one item in two wordings, elsewhere often only of one topic
    cosine      prompts whose vectors are that near; for information: a person decides

`passed` says that group, exact and near found nothing. "0 found" means something only together with `power`: the share
of planted light edits of held-out prompts that each measure recognises as their original.

All pairs are covered: equality by grouping, near by an exact search (see `similar.py`), cosine by the whole product up
to so many pairs between two splits (`cosine_pairs`); above that the held-out prompts whose ids come first are compared,
a draw by chance because ids are hashes, and `pairs_checked` tells how many pairs that were. Rare covers all pairs that
share a word pair which is no template's. The similarities of near and rare are kept as histograms too, and each split
by the hash of its ids.
Not covered: free rephrasings, of which vectors find most but no threshold all.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.embedding.encoder import Encoder
from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns
from pipelines.progress import Progress, no_progress
from pipelines.splitting.cosine import cosine_pairs
from pipelines.splitting.links import telling_completion
from pipelines.splitting.power import measure_power
from pipelines.splitting.rare import rare_containment
from pipelines.splitting.settings import SPLITS, CertificateSettings, LinkSettings
from pipelines.splitting.similar import Similar, folded, similar_texts
from pipelines.splitting.split import ASSIGNMENTS

_BANDS = 10
CLOSEST = pl.Schema(
    {
        "example_a": pl.String,
        "example_b": pl.String,
        "split_a": pl.String,
        "split_b": pl.String,
        "measure": pl.String,
        "similarity": pl.Float64,
    }
)


@dataclass(frozen=True)
class CheckRow:
    """One measure between two splits.

    Attributes:
        split_a: the split nearer to training.
        split_b: the one held out from it.
        measure: group, exact, completion, near, rare or cosine.
        pairs_checked: number of pairs that were covered.
        threshold: similarity from which a pair counts.
        found: number of pairs at or above the threshold.
        highest: highest similarity of a pair; None when none reaches the floor of the search.
        decisive: whether a pair found here makes the certificate fail.
    """

    split_a: str
    split_b: str
    measure: str
    pairs_checked: int
    threshold: float
    found: int
    highest: float | None
    decisive: bool


@dataclass(frozen=True)
class Certificate:
    """What was checked.

    Attributes:
        checks: six rows or five (without vectors) a pair of splits.
        closest: `CLOSEST`, the most similar pairs across splits, most similar first.
        passed: there was something to compare, and no decisive check found anything.
        power: {measure: {"planted": n, "found": share, "by_edit": {kind: share}}}.
        settings: the settings used.
        histograms: split_a, split_b, measure, and pairs in ten bands of similarity from 0 to 1; lower ones than the
            search's floor are not counted.
        hashes: {split: hash of its sorted example ids}.
    """

    checks: list[CheckRow]
    closest: pl.DataFrame
    passed: bool
    power: dict[str, dict[str, Any]]
    settings: CertificateSettings
    histograms: list[dict[str, Any]]
    hashes: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return everything as values that JSON can hold."""
        return {
            "passed": self.passed,
            "checks": [asdict(row) for row in self.checks],
            "closest": self.closest.to_dicts(),
            "power": self.power,
            "settings": self.settings.model_dump(),
            "histograms": self.histograms,
            "hashes": self.hashes,
        }


def certify_split(
    examples: pl.DataFrame,
    assignments: pl.DataFrame,
    *,
    vectors: NDArray[np.float32] | None = None,
    encoder: Encoder | None = None,
    settings: CertificateSettings | None = None,
    progress: Progress = no_progress,
) -> Certificate:
    """Look for leaks between splits.

    Args:
        examples: `EXAMPLES`, at least all that are assigned; others play no part.
        assignments: `ASSIGNMENTS`.
        vectors: (n, d) float32, unit rows of the prompts, aligned to `examples`; None leaves the cosine out.
        encoder: embeds the planted edits, so that the cosine's power is measured too.
        settings: thresholds.
        progress: told after each pair of splits.

    Returns:
        the certificate, independent of the order of rows.

    Raises:
        CurationError: an assigned example is missing, or the vectors do not fit.
    """
    settings = settings or CertificateSettings()
    check_columns(examples, EXAMPLES, "examples")
    check_columns(assignments, ASSIGNMENTS, "assignments")
    if vectors is not None and len(vectors) != examples.height:
        raise CurationError(
            f"There are {len(vectors):,} vectors for {examples.height:,} examples.", "Embed the examples again."
        )
    sides = _sides(examples, assignments, vectors)
    pairs = [(a, b) for a, b in combinations(SPLITS, 2) if a in sides and b in sides]
    checks: list[CheckRow] = []
    closest = [CLOSEST.to_frame()]
    histograms: list[dict[str, Any]] = []
    rare = _rare_pairs(sides)
    for done, (a, b) in enumerate(pairs):
        progress(done / (len(pairs) + 1), f"Comparing {a} with {b}")
        rows, near, bands = _compare(sides[a], sides[b], rare[a, b], settings)
        checks += rows
        closest += near
        histograms += bands
    progress(len(pairs) / (len(pairs) + 1), "Measuring what the check would have found")
    held_out = [prompt for split in ("test", "validation") if split in sides for prompt in sides[split].prompts]
    power = measure_power(held_out, settings, encoder if vectors is not None else None)
    order = ["similarity", "measure", "example_a", "example_b"]
    table = pl.concat(closest).sort(order, descending=[True, False, False, False]).head(settings.closest)
    passed = bool(checks) and not any(row.found for row in checks if row.decisive)
    progress(1.0, "Checked the split")
    hashes = {split: _hash_of(side.ids) for split, side in sides.items()}
    return Certificate(checks, table, passed, power, settings, histograms, hashes)


def _hash_of(ids: list[str]) -> str:
    return hashlib.blake2b("\n".join(ids).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class _Side:
    """The examples of one split, sorted by example_id."""

    split: str
    ids: list[str]
    groups: list[str]
    prompts: list[str]
    completions: list[str]
    vectors: NDArray[np.float32] | None


def _sides(examples: pl.DataFrame, assignments: pl.DataFrame, vectors: NDArray[np.float32] | None) -> dict[str, _Side]:
    table = (
        examples.select("example_id", "prompt", "completion").with_row_index("row").unique("example_id", keep="first")
    )
    table = assignments.join(table, on="example_id", how="left").sort("example_id")
    if missing := table["row"].null_count():
        raise CurationError(f"{missing:,} assigned examples are missing.", "Hand in all examples that were split.")
    sides: dict[str, _Side] = {}
    for split in SPLITS:
        part = table.filter(pl.col("split") == split)
        if part.height:
            sides[split] = _Side(
                split,
                ids=part["example_id"].to_list(),
                groups=part["group_id"].to_list(),
                prompts=part["prompt"].to_list(),
                completions=part["completion"].to_list(),
                vectors=None if vectors is None else vectors[part["row"].to_numpy()],
            )
    return sides


def _rare_pairs(sides: dict[str, _Side]) -> dict[tuple[str, str], Similar]:
    """Return the pairs that share rare word pairs, by the two splits that they stand in, as rows of these."""
    texts = [
        f"{prompt}\n{said}"
        for side in sides.values()
        for prompt, said in zip(side.prompts, side.completions, strict=True)
    ]
    found = rare_containment(texts, LinkSettings())
    starts = np.cumsum([0, *(len(side.ids) for side in sides.values())])
    names = list(sides)
    left = np.searchsorted(starts, found.left, side="right") - 1
    right = np.searchsorted(starts, found.right, side="right") - 1
    pairs = {}
    for at, a in enumerate(names):
        for other in range(at + 1, len(names)):
            here = (left == at) & (right == other)
            pairs[a, names[other]] = Similar(
                found.left[here] - starts[at], found.right[here] - starts[other], found.similarity[here]
            )
    return pairs


def _bands(a: _Side, b: _Side, measure: str, pairs: Similar) -> dict[str, Any]:
    counts, _ = np.histogram(pairs.similarity, bins=_BANDS, range=(0.0, 1.0))
    return {"split_a": a.split, "split_b": b.split, "measure": measure, "pairs": counts.tolist()}


def _compare(
    a: _Side, b: _Side, rare: Similar, settings: CertificateSettings
) -> tuple[list[CheckRow], list[pl.DataFrame], list[dict[str, Any]]]:
    def row(measure: str, threshold: float, found: int, highest: float | None, decisive: bool) -> CheckRow:
        return CheckRow(a.split, b.split, measure, len(a.ids) * len(b.ids), threshold, found, highest, decisive)

    def equal(measure: str, left: Sequence[str | None], right: Sequence[str | None], decisive: bool) -> CheckRow:
        found = _equal_pairs(left, right)
        return row(measure, 1.0, found, 1.0 if found else None, decisive)

    def alike(measure: str, pairs: Similar, threshold: float, decisive: bool) -> CheckRow:
        highest = float(pairs.similarity.max()) if len(pairs.similarity) else None
        return row(measure, threshold, int((pairs.similarity >= threshold - 1e-12).sum()), highest, decisive)

    floor, least = settings.floor, settings.completion_characters
    near = similar_texts(
        a.prompts, b.prompts, threshold=min(floor, settings.near_threshold), short_words=settings.short_words
    )
    rows = [
        equal("group", a.groups, b.groups, True),
        equal(
            "exact", [folded(text) or None for text in a.prompts], [folded(text) or None for text in b.prompts], True
        ),
        equal("completion", _telling(a.completions, least), _telling(b.completions, least), False),
        alike("near", near, settings.near_threshold, True),
        alike("rare", rare, LinkSettings().rare_containment, False),
    ]
    closest = [_closest(a, b, "near", near, settings.closest)]
    if a.vectors is not None and b.vectors is not None:
        drawn = b.vectors[: max(1, settings.cosine_pairs // len(a.ids))]
        highest, cosine, found = cosine_pairs(a.vectors, drawn, settings.cosine_threshold, settings.closest)
        checked = row("cosine", settings.cosine_threshold, found, highest, False)
        rows.append(replace(checked, pairs_checked=len(a.ids) * len(drawn)))
        closest.append(_closest(a, b, "cosine", cosine, settings.closest))
    return rows, closest, [_bands(a, b, "near", near), _bands(a, b, "rare", rare)]


def _telling(completions: list[str], least: int) -> list[str | None]:
    return [telling_completion(text, least) for text in completions]


def _equal_pairs(left: Sequence[str | None], right: Sequence[str | None]) -> int:
    counts = [
        pl.Series("key", keys, dtype=pl.String).drop_nulls().value_counts(name=name)
        for keys, name in ((left, "a"), (right, "b"))
    ]
    both = counts[0].join(counts[1], on="key")
    return int((both["a"].cast(pl.Int64) * both["b"].cast(pl.Int64)).sum())


def _closest(a: _Side, b: _Side, measure: str, pairs: Similar, count: int) -> pl.DataFrame:
    first = np.lexsort((pairs.right, pairs.left, -pairs.similarity))[:count]
    return pl.DataFrame(
        {
            "example_a": [a.ids[place] for place in pairs.left[first]],
            "example_b": [b.ids[place] for place in pairs.right[first]],
            "split_a": [a.split] * len(first),
            "split_b": [b.split] * len(first),
            "measure": [measure] * len(first),
            "similarity": pairs.similarity[first],
        },
        schema=CLOSEST,
    )
