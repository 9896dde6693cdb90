"""The reviewers' taste: learn it from their decisions, tell how good it is, and why it says what it says.

Features of the examples are read once and kept while the examples and their scores stay the same, so that a refit
costs the fit alone. Scores are stored only of a taste that is better than chance.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress, part_of
from pipelines.quality.taste import BETTER, EVERYBODY, Taste, TasteSettings, learn_taste, taste_scores
from pipelines.quality.taste_features import TasteFeatures, taste_features
from pipelines.quality.taste_reasons import nearest_decided, taste_reasons
from workbench.store.analysis import StageRecord
from workbench.store.store import Store
from workbench.vectors import chosen_encoder, project_vectors

STAGE = "taste"
SCORES = pl.Schema({"example_id": pl.String, "reviewer": pl.String, "score": pl.Float64, "reason": pl.String})


@dataclass(frozen=True)
class TasteReport:
    """How well one reviewer's taste is known; `reviewer` is empty for all together. See `Taste` for the figures."""

    reviewer: str
    verdict: str
    decisions: int
    dropped: int
    at_random: int
    auc: float | None
    low: float | None
    high: float | None
    error: float | None
    measured_at_random: bool
    drop_rate: tuple[float, float, float] | None
    reliability: list[dict[str, Any]]
    likely_drops: int

    @property
    def sentence(self) -> str:
        """What it comes to, in words."""
        whose = f"{self.reviewer}'s taste" if self.reviewer else "The taste"
        if self.auc is None or self.low is None or self.high is None:
            more = "keep and drop some more" if self.verdict != "one-sided" else "all but a few are the same decision"
            return f"{whose} is not known yet: {self.decisions} decisions ({self.dropped} drops); {more}."
        told = f"AUC {self.auc:.2f} ({self.low:.2f} to {self.high:.2f}) on {self.decisions:,} decisions"
        return f"{whose} is {self.verdict}: {told}."


class Tasting:
    """Learns and explains the reviewers' taste."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._kept: tuple[str, TasteFeatures] | None = None

    def learn(self, settings: TasteSettings | None = None, progress: Progress = no_progress) -> list[TasteReport]:
        """Learn from all decisions so far and score all examples; nothing is decided by it.

        Args:
            settings: how many decisions it takes, folds and seed.
            progress: told how far it is.

        Returns:
            Everybody's taste first, then each reviewer's where several decided.

        Raises:
            CurationError: nobody has kept or dropped anything.
        """
        settings = settings or TasteSettings()
        decisions = self._store.decisions.judgements()
        if decisions.is_empty():
            raise CurationError("Nobody has kept or dropped an example yet.", "Review some first, best at random.")
        features = self._features(part_of(progress, 0.0, 0.8))
        reports, frames = [], [SCORES.to_frame()]
        for reviewer in _reviewers(decisions):
            progress(0.8, "Learning the taste")
            taste = learn_taste(features, decisions, reviewer, settings)
            drops = 0
            if taste.verdict == BETTER:
                scores = taste_scores(taste, features)
                drops = int((scores < 0.5).sum())
                frames.append(_scored(features, reviewer, scores, taste_reasons(taste, features)))
            reports.append(_report(taste, drops))
        record = StageRecord(
            STAGE,
            str(self._store.queues.last_decision()),
            settings.model_dump_json(),
            {"reports": [asdict(report) for report in reports]},
            0.0,
        )
        self._store.analysis.replace(record, {"taste": pl.concat(frames)}, self._store.now())
        progress(1.0, "Learned the taste")
        return reports

    def reports(self) -> list[TasteReport]:
        """Return what was last learned; none before."""
        record = self._store.analysis.stage(STAGE)
        found: Any = [] if record is None else record.figures["reports"]
        rates = [None if report["drop_rate"] is None else tuple(report["drop_rate"]) for report in found]
        return [TasteReport(**{**report, "drop_rate": rate}) for report, rate in zip(found, rates, strict=True)]

    def behind(self) -> bool:
        """Tell whether anything was decided since it was learned."""
        record = self._store.analysis.stage(STAGE)
        return record is None or record.fingerprint != str(self._store.queues.last_decision())

    def judged(self) -> tuple[int, int]:
        """Count the examples that were kept or dropped one by one, and those of them drawn at random."""
        decisions = self._store.decisions.judgements()
        return decisions["example_id"].n_unique(), decisions.filter("random")["example_id"].n_unique()

    def likely_problems(
        self, reviewer: str = EVERYBODY, limit: int = 10, progress: Progress = no_progress
    ) -> pl.DataFrame:
        """Return the undecided examples that would most likely be dropped, with reasons and decided likes.

        Args:
            reviewer: whose taste; everybody's when not given.
            limit: most examples that come back.
            progress: told how far it is.

        Returns:
            example_id, prompt, completion, score, reason, like (the nearest decided examples, in words).
        """
        worst = self._store.analysis.lowest_taste(reviewer, limit)
        if worst.is_empty():
            return worst.with_columns(like=pl.lit("", pl.String))
        features = self._features(progress)
        taste = learn_taste(features, self._store.decisions.judgements(), reviewer)
        place = {example_id: row for row, example_id in enumerate(features.example_ids)}
        rows = np.array([place[one] for one in worst["example_id"] if one in place], dtype=np.int64)
        near = nearest_decided(taste, features, rows)
        texts = dict(self._store.examples.with_ids(near["near_id"].to_list()).select("example_id", "prompt").rows())
        likes: dict[str, list[str]] = {}
        for row in near.iter_rows(named=True):
            said = "kept" if row["kept"] else "dropped"
            words = " ".join(str(texts.get(row["near_id"], "")).split())[:80]
            likes.setdefault(row["example_id"], []).append(f"{said}: {words} ({row['similarity']:.2f})")
        told = [" · ".join(likes.get(one, [])) for one in worst["example_id"]]
        return worst.with_columns(like=pl.Series(told, dtype=pl.String))

    def _features(self, progress: Progress) -> TasteFeatures:
        examples = self._store.examples.with_role("train")
        sealed = self._store.browse.sealed_among(examples["example_id"].to_list())
        examples = examples.filter(~pl.col("example_id").is_in(list(sealed)))
        if examples.is_empty():
            raise CurationError("There are no training examples yet.", "Import a file of examples first.")
        stages = [self._store.analysis.stage(name) for name in ("embeddings", "quality")]
        marks = "|".join("" if stage is None else stage.fingerprint for stage in stages)
        name = f"{examples['example_id'].hash().sum()}|{examples.height}|{marks}"
        if self._kept is not None and self._kept[0] == name:
            return self._kept[1]
        encoder = chosen_encoder(self._store)
        vectors = [
            project_vectors(self._folder, examples[text].to_list(), part_of(progress, *share), encoder)
            for text, share in (("prompt", (0.0, 0.5)), ("completion", (0.5, 1.0)))
        ]
        scores = self._store.analysis.scores()
        features = taste_features(examples, scores, prompt_vectors=vectors[0], completion_vectors=vectors[1])
        self._kept = (name, features)
        return features


def _reviewers(decisions: pl.DataFrame) -> list[str]:
    names = sorted(decisions["reviewer"].unique().to_list())
    return [EVERYBODY, *names] if len(names) > 1 else [EVERYBODY]


def _scored(features: TasteFeatures, reviewer: str, scores: np.ndarray, reasons: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "example_id": features.example_ids,
            "reviewer": pl.Series([reviewer], dtype=pl.String).extend_constant(reviewer, len(scores) - 1),
            "score": scores,
            "reason": pl.Series(reasons, dtype=pl.String),
        },
        schema=SCORES,
    )


def _report(taste: Taste, likely_drops: int) -> TasteReport:
    names = [name for name in TasteReport.__dataclass_fields__ if name not in ("reliability", "likely_drops")]
    figures = {name: getattr(taste, name) for name in names}
    return TasteReport(**figures, reliability=taste.reliability.to_dicts(), likely_drops=likely_drops)
