"""Gather the facts of a project that decide about fine-tuning, and answer the questions about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from pipelines.advice.advise import PROMPTED
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.advice.advise import Answer, Facts, Payback


class Advising:
    """Answers whether fine-tuning is the right tool here."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def advise(self, costs: Mapping[str, object] | None = None) -> tuple[list[Answer], Payback | None]:
        """Return the answers in the order in which they are asked, and the payback where costs are given.

        Raises:
            CurationError: an unknown cost, or one out of its bounds.
        """
        from pipelines.advice.advise import Costs, advise
        from workbench.settings import checked_settings

        return advise(self.facts(), checked_settings(Costs, costs or {}, "cost"))

    def facts(self) -> Facts:
        """Return what the project knows of itself."""
        from pipelines.advice.advise import Facts

        states = self._store.decisions.states()
        kept = states.filter(pl.col("state") == "kept")["example_id"]
        stage = self._store.analysis.stage("conflicts")
        conflicting = self._store.analysis.conflicts()["example_id"].unique().is_in(kept.to_list()).sum()
        coverage = self._store.analysis.stage("coverage")
        covered = None if coverage is None else coverage.figures.get("coverage")
        gaps = self._store.analysis.gaps()
        clusters = self._store.analysis.clusters()
        total = int(clusters["examples"].sum()) if clusters.height else 0
        verdicts, prompting = self._verdicts()
        return Facts(
            kept=len(kept),
            conflicting=None if stage is None else int(conflicting),
            to_collect=int(gaps["collect"].sum()) if gaps.height else 0,
            covered=float(covered) if isinstance(covered, int | float) else None,
            gaps=gaps.height,
            largest_cluster=max(clusters["examples"].to_list()) / total if total else None,
            verdicts=verdicts,
            prompting=prompting,
        )

    def _verdicts(self) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]]]:
        """Return what the newest evaluation with results says of tuned and of prompted, on the headline metric."""
        records = [r for r in self._store.runs.evaluations() if self._store.runs.has_results(r.evaluation)]
        if not records:
            return [], []
        rows = self._store.runs.differences(records[0].evaluation)
        metrics = rows["metric"].unique().to_list()
        headline = "json_exact" if "json_exact" in metrics else "exact_match"
        rows = rows.filter(pl.col("metric") == headline)
        known = ["base", *PROMPTED]
        tuned = rows.filter(pl.col("variant").str.starts_with("tuned") & pl.col("against").is_in(known))
        curated = tuned.filter(~pl.col("variant").str.starts_with("tuned-raw"))
        tuned = curated if curated.height else tuned
        prompted = rows.filter(pl.col("variant").is_in(PROMPTED) & (pl.col("against") == "base"))
        return tuned.select("verdict", "against", "sentence").rows(), prompted.select("verdict", "sentence").rows()
