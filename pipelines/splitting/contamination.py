"""Which training examples give away a held-out one: shared word sequences as evidence, vectors for rephrasings.

    exact       equal prompts, case and white space folded
    13 words    a run of 13 words in both, prompt or completion: copied text
    8 words     a run of 8 words in both: often a common phrase, so for a person
    embedding   the prompt's vector is nearer to one held-out prompt than unrelated ones of this data are

A run of words in many held-out or many training examples is a template's and proves nothing; it is left out.

How near a prompt is to one held-out prompt is told by its *lead*: the cosine to the nearest, less half of the cosine
to the fourth nearest. A prompt of a crowded topic is near to many held-out ones, a rephrased one only to its own; of
several wordings among the held-out ones up to three may be its own. A cosine of 0.98 counts whatever the lead is.

The lead from which prompts count is calibrated on the data itself, since it depends on how alike its topics are: a
random part of the training prompts stands for the held-out set, and the others' leads say what unrelated prompts reach.
The threshold leaves a chosen share of them above (false alarms): 0.1 % for a verdict, 1 % for a person's look. Pairs of
copies among the training prompts (13 words, or a cosine of 0.95) play no part in that. Less plain copies there would
still raise a threshold of less than 1 %, so that one is no higher than an exponential tail through the leads that 10 %
and 1 % reach.

Measured by `contamination_figures` on rephrased `gsm8k`, on which the lead was chosen too: at exactly 0.1 % false
alarms 0.94 are found (by the cosine alone 0.84), at 1 % 0.99 (0.97); by the calibrated threshold for a verdict 0.91, at
0.06 %.

Source: n-grams as in GPT-3 (13 words), embedding as the first step of the LLM decontaminator (Yang et al. 2023); the
second step, a model's verdict, is a person's here; cosines less those of the neighbourhood as in cross-domain
similarity local scaling (Conneau et al. 2018). Not covered: translations, and texts that the encoder cuts off.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns
from pipelines.progress import Progress, no_progress
from pipelines.splitting.similar import folded, words_of

CONTAMINATION = pl.Schema(
    {
        "example_id": pl.String,
        "test_id": pl.String,
        "kind": pl.String,
        "similarity": pl.Float64,
        "verdict": pl.String,
        "evidence": pl.String,
    }
)
_BLOCK = 1_024
_DRAWS = 5
_CALIBRATED_ON = 20_000
_COPY = 0.95
_LOWEST, _HIGHEST = 0.6, 0.98
# The lead takes off so much of the cosine to the prompt that is so many places behind the nearest.
_BEHIND, _TAKEN_OFF = 3, 0.5
_TAIL = (0.1, 0.01)


class ContaminationSettings(BaseModel, frozen=True, extra="forbid"):
    """What counts as giving a held-out example away."""

    files: str = Field(
        "", description="Files with held-out examples, joined by commas; they are imported as test first."
    )
    false_alarms: float = Field(
        0.001, gt=0.0, le=0.2, description="Share of clean examples that the vectors may call contaminated."
    )
    review_share: float = Field(
        0.01, gt=0.0, le=0.5, description="Share of clean examples that the vectors may hand to a person."
    )
    long_words: int = Field(13, ge=5, le=100, description="Words in a row in both that prove a copy.")
    short_words: int = Field(8, ge=3, le=100, description="Words in a row in both that a person should look at.")
    template_share: float = Field(
        0.01,
        gt=0.0,
        le=1.0,
        description="Share of the held-out or of the training examples that makes words a template's.",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of the parts that the lead is calibrated on.")


@dataclass(frozen=True)
class Contamination:
    """What gives held-out examples away.

    Attributes:
        contamination: `CONTAMINATION`, the best held-out match of each example and kind; verdict is contaminated or
            review; sorted by example, kind.
        threshold: lead from which an example is contaminated; None where it could not be calibrated.
        review_threshold: lead from which a person should look.
        checked: pairs that were compared.
        settings: the settings used.
    """

    contamination: pl.DataFrame
    threshold: float | None
    review_threshold: float | None
    checked: int
    settings: ContaminationSettings


def find_contamination(
    examples: pl.DataFrame,
    held_out: pl.DataFrame,
    settings: ContaminationSettings | None = None,
    *,
    vectors: NDArray[np.float32] | None = None,
    held_out_vectors: NDArray[np.float32] | None = None,
    progress: Progress = no_progress,
) -> Contamination:
    """Find the training examples that give a held-out example away.

    Args:
        examples: `EXAMPLES`, to train on.
        held_out: `EXAMPLES`; the completion may be empty.
        settings: word runs, false alarms, seed.
        vectors: (n, d) float32, unit rows of the training prompts; None leaves the embedding out.
        held_out_vectors: (m, d) float32, the same of the held-out prompts.
        progress: told after each kind.

    Returns:
        the findings; none without held-out examples. Independent of the order of rows.

    Raises:
        CurationError: vectors that do not fit.
    """
    settings = settings or ContaminationSettings()
    check_columns(examples, EXAMPLES, "examples")
    check_columns(held_out, EXAMPLES, "held_out")
    for frame, rows in ((examples, vectors), (held_out, held_out_vectors)):
        if rows is not None and len(rows) != frame.height:
            raise CurationError(f"There are {len(rows):,} vectors for {frame.height:,} examples.", "Embed them again.")
    if examples.is_empty() or held_out.is_empty():
        return Contamination(CONTAMINATION.to_frame(), None, None, 0, settings)
    progress(0.0, "Comparing words with the held-out examples")
    found = [_equal(examples, held_out)]
    for words, kind, verdict in (
        (settings.long_words, "13 words", "contaminated"),
        (settings.short_words, "8 words", "review"),
    ):
        kind = kind if words in (13, 8) else f"{words} words"
        found.append(_shared_runs(examples, held_out, words, kind, verdict, settings))
    copies = pl.concat(found[:2])["example_id"].unique()
    thresholds: tuple[float | None, float | None] = (None, None)
    if vectors is not None and held_out_vectors is not None:
        progress(0.4, "Calibrating the lead on the data")
        order = np.argsort(examples["example_id"].to_numpy(), kind="stable")
        clean = order[~examples["example_id"].is_in(copies.implode()).to_numpy()[order]]
        thresholds = calibrate(vectors[clean], held_out.height, settings)
        progress(0.7, "Comparing meaning with the held-out examples")
        found.append(_near(examples, held_out, vectors, held_out_vectors, thresholds))
    table = pl.concat(found).sort("example_id", "kind")
    progress(1.0, f"Found {table['example_id'].n_unique():,} examples")
    return Contamination(table, *thresholds, examples.height * held_out.height, settings)


def calibrate(
    vectors: NDArray[np.float32], held_out: int, settings: ContaminationSettings
) -> tuple[float | None, float | None]:
    """Return the leads that leave the two shares of false alarms among unrelated prompts of this data.

    Args:
        vectors: (n, d) float32, unit rows of training prompts.
        held_out: size of the held-out set; parts of at most a third of the rows stand for it.
        settings: shares and seed.

    Returns:
        the lead for a verdict and the lower one for a person's look; None for both below 20 rows.
    """
    if len(vectors) < 20:
        return None, None
    random = np.random.default_rng(settings.seed)
    leads = []
    for _ in range(_DRAWS):
        drawn = random.permutation(len(vectors))
        part = drawn[: max(min(held_out, len(vectors) // 3), 1)]
        rest = drawn[len(part) :][:_CALIBRATED_ON]
        for start in range(0, len(rest), _BLOCK):
            product = vectors[rest[start : start + _BLOCK]] @ vectors[part].T
            # A copy is no unrelated prompt: the nearest one that is none counts.
            product[product >= _COPY] = -1.0
            leads.append(_lead(product))
    reached = np.concatenate(leads)
    shares = (settings.false_alarms, max(settings.review_share, settings.false_alarms))
    high, low = (_reached_by(reached, share) for share in shares)
    return high, low


def _reached_by(leads: NDArray[np.float32], share: float) -> float:
    """Return the lead that a share reaches; of small shares no more than the tail of the larger ones gives."""
    quantile = float(np.quantile(leads, 1 - share))
    common, rare = (float(np.quantile(leads, 1 - part)) for part in _TAIL)
    if share >= _TAIL[1]:
        return quantile
    return min(quantile, rare + (rare - common) * float(np.log(_TAIL[1] / share) / np.log(_TAIL[0] / _TAIL[1])))


def _lead(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each row its largest cosine, less half of the one three places behind (the last of fewer)."""
    behind = min(_BEHIND, cosines.shape[1] - 1)
    if not behind:
        return cosines[:, 0]
    ordered = -np.partition(-cosines, (0, behind), axis=1)
    lead: NDArray[np.float32] = ordered[:, 0] - np.float32(_TAKEN_OFF) * ordered[:, behind]
    return lead


def _rows(
    examples: pl.Series,
    tests: pl.Series,
    kind: str,
    similarity: pl.Series | float,
    verdict: pl.Series | str,
    evidence: pl.Series,
) -> pl.DataFrame:
    columns = {"example_id": examples, "test_id": tests, "evidence": evidence}
    frame = pl.DataFrame(columns).with_columns(
        kind=pl.lit(kind), similarity=pl.lit(similarity), verdict=pl.lit(verdict)
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in CONTAMINATION.items())


def _equal(examples: pl.DataFrame, held_out: pl.DataFrame) -> pl.DataFrame:
    def side(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        texts = pl.Series([folded(text) or None for text in frame["prompt"]], dtype=pl.String)
        return pl.DataFrame({name: frame["example_id"], "text": texts}).drop_nulls()

    tests = side(held_out, "test_id").group_by("text").agg(pl.col("test_id").min())
    both = side(examples, "example_id").join(tests, on="text")
    return _rows(both["example_id"], both["test_id"], "exact", 1.0, "contaminated", both["text"].str.slice(0, 200))


def _shared_runs(
    examples: pl.DataFrame,
    held_out: pl.DataFrame,
    words: int,
    kind: str,
    verdict: str,
    settings: ContaminationSettings,
) -> pl.DataFrame:
    """Return for each example the held-out one that most of its runs of words are in."""
    tests = _runs(held_out, words)
    common = pl.len().over("run")
    most = max(5, int(settings.template_share * held_out.height))
    tests = tests.filter(common <= most)
    found = _runs(examples, words, tests["run"].unique())
    most = max(20, int(settings.template_share * examples.height))
    found = found.filter(pl.len().over("run") <= most)
    pairs = found.join(tests.rename({"example_id": "test_id"}), on="run").group_by("example_id", "test_id")
    best = (
        pairs.agg(shared=pl.len(), run=pl.col("run").min())
        .sort(["example_id", "shared", "test_id"], descending=[False, True, False])
        .unique("example_id", keep="first", maintain_order=True)
    )
    held = tests.group_by("example_id").agg(all=pl.len())
    best = best.join(held.rename({"example_id": "test_id"}), on="test_id", how="left", maintain_order="left")
    return _rows(
        best["example_id"], best["test_id"], kind, best["shared"].cast(pl.Float64) / best["all"], verdict, best["run"]
    )


def _runs(frame: pl.DataFrame, words: int, wanted: pl.Series | None = None) -> pl.DataFrame:
    """Return example_id, run: the distinct runs of words of prompt and completion; only wanted ones where given."""
    known = None if wanted is None else set(wanted)
    ids: list[str] = []
    runs: list[str] = []
    for example_id, prompt, completion in frame.select("example_id", "prompt", "completion").iter_rows():
        mine: set[str] = set()
        for text in (prompt, completion):
            found = words_of(text)
            mine.update(" ".join(found[at : at + words]) for at in range(len(found) - words + 1))
        kept = mine if known is None else mine & known
        ids += [example_id] * len(kept)
        runs += kept
    return pl.DataFrame({"example_id": ids, "run": runs}, schema={"example_id": pl.String, "run": pl.String})


def _near(
    examples: pl.DataFrame,
    held_out: pl.DataFrame,
    vectors: NDArray[np.float32],
    tests: NDArray[np.float32],
    thresholds: tuple[float | None, float | None],
) -> pl.DataFrame:
    high, low = thresholds
    if high is None or low is None:
        return CONTAMINATION.to_frame()
    best, cosine, lead = nearest_rows(vectors, tests)
    sure = ((lead >= high - 1e-6) & (cosine >= _LOWEST)) | (cosine >= _HIGHEST)
    places = np.flatnonzero(sure | ((lead >= low - 1e-6) & (cosine >= _LOWEST)))
    verdict = pl.Series(np.where(sure[places], "contaminated", "review"), dtype=pl.String)
    matched = held_out[best[places].tolist()]
    return _rows(
        examples["example_id"].gather(places),
        matched["example_id"],
        "embedding",
        pl.Series(np.minimum(cosine[places].astype(np.float64), 1.0)),
        verdict,
        matched["prompt"].str.slice(0, 200),
    )


def nearest_rows(
    vectors: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return for each row the nearest row of the others (the first of equal ones), its cosine, and the row's lead."""
    best = np.zeros(len(vectors), np.int64)
    cosine = np.zeros(len(vectors), np.float32)
    lead = np.zeros(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK] @ others.T
        best[start : start + _BLOCK] = block.argmax(axis=1)
        cosine[start : start + _BLOCK] = block.max(axis=1)
        lead[start : start + _BLOCK] = _lead(block)
    return best, cosine, lead
