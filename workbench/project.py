"""Open a project and hand out its parts.

A project is a folder: `workbench.duckdb`, `runs/RUN/`, `evaluations/EVALUATION/`, `exports/`, `cache/`.
One process at a time owns it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType

import psutil

from pipelines.errors import CurationError
from workbench.advising import Advising
from workbench.backup import Backup
from workbench.balancing import Balancing
from workbench.browsing import Browsing
from workbench.chatting import Chatting
from workbench.collecting import Collecting
from workbench.comparing import Comparing
from workbench.curation import Curation
from workbench.decontaminating import Decontaminating
from workbench.duplicates import DuplicateReview
from workbench.exporting import Exporting
from workbench.files import tidy
from workbench.handing_off import HandingOff
from workbench.history import History
from workbench.importing import Importing
from workbench.importing_results import ImportingResults
from workbench.judging import Judging
from workbench.neighbours import Neighbours
from workbench.output_rules import OutputRules
from workbench.overview import Overview
from workbench.preferences import Preferences
from workbench.queues import Queues
from workbench.rating import Rating
from workbench.redacting import Redacting
from workbench.repairing import Repairing
from workbench.reporting import Reporting
from workbench.reviewing import Reviewing
from workbench.rubric import Rubric
from workbench.selecting import Selecting
from workbench.splitting import Splitting
from workbench.store.store import Clock, Store, utc_now
from workbench.tables import Tables
from workbench.tasting import Tasting
from workbench.training import Training
from workbench.versions import Versions
from workbench.writing_answers import WritingAnswers

DATABASE = "workbench.duckdb"


class Project:
    """An open project: its parts are its capabilities, one each."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store

    @classmethod
    def create(cls, folder: Path, now: Clock = utc_now) -> Project:
        """Make an empty project.

        Raises:
            CurationError: the folder already holds a project, or cannot be written to.
        """
        folder = folder.expanduser().absolute()
        if (folder / DATABASE).exists():
            raise CurationError(f"{folder} already holds a project.", "Open it, or choose another folder.")
        try:
            for part in ("runs", "evaluations", "exports", "cache"):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CurationError(
                f"The folder {folder} cannot be made: {error.strerror}.", "Choose a folder that you may write to."
            ) from None
        try:
            return cls(folder, Store(folder / DATABASE, now))
        except BaseException:
            # Half a database would be taken for a project, and for a damaged one.
            for name in (DATABASE, f"{DATABASE}.wal"):
                (folder / name).unlink(missing_ok=True)
            raise

    @classmethod
    def open(cls, folder: Path, now: Clock = utc_now) -> Project:
        """Open a project that exists.

        Raises:
            CurationError: the folder holds no project, another process has it open (named), or a newer workbench
                made it.
        """
        folder = folder.expanduser().absolute()
        if not (folder / DATABASE).is_file():
            raise CurationError(
                f"{folder} holds no project (there is no {DATABASE} in it).",
                f"Choose a project's folder, or make a new project: workbench new {folder.name}",
            )
        project = cls(folder, Store(folder / DATABASE, now))
        project._tidy()
        return project

    def _tidy(self) -> None:
        """Clean up what a killed process left: one process at a time owns the folder, and now it is this one."""
        with suppress(OSError):
            tidy(self.folder)
            tidy(self.folder / "exports")
            for spilled in (self.folder / f"{DATABASE}.tmp").glob("duckdb_temp_*"):
                if not spilled.name.startswith(f"duckdb_temp_{os.getpid()}_"):
                    spilled.unlink(missing_ok=True)
            began = psutil.Process().create_time()
            for part in (self.folder / "cache").rglob("*.part"):
                if part.stat().st_mtime < began:
                    part.unlink(missing_ok=True)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def close(self) -> None:
        """Let go of the project."""
        self.store.close()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def overview(self) -> Overview:
        """How far the project is."""
        return Overview(self.store, self.folder)

    @cached_property
    def importing(self) -> Importing:
        """Read files in."""
        return Importing(self.store)

    @cached_property
    def reviewing(self) -> Reviewing:
        """Look at examples and decide."""
        return Reviewing(self.store)

    @cached_property
    def browsing(self) -> Browsing:
        """Look through all examples as a table."""
        return Browsing(self.store)

    @cached_property
    def repairing(self) -> Repairing:
        """Find and replace in all examples that a filter selects."""
        return Repairing(self.store)

    @cached_property
    def queues(self) -> Queues:
        """Hand out examples to reviewers, and tell how far they agree."""
        return Queues(self.store)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Find the examples nearest to one."""
        return Neighbours(self.store, self.folder)

    @cached_property
    def history(self) -> History:
        """What was decided about an example, and taking it back."""
        return History(self.store)

    @cached_property
    def duplicate_review(self) -> DuplicateReview:
        """Verified pairs, thresholds, groups accepted in bulk."""
        return DuplicateReview(self.store)

    @cached_property
    def curation(self) -> Curation:
        """Run the stages and act on what they found."""
        return Curation(self.store, self.folder)

    @cached_property
    def decontaminating(self) -> Decontaminating:
        """What gives held-out examples away, and dropping it."""
        return Decontaminating(self.store)

    @cached_property
    def balancing(self) -> Balancing:
        """Caps and quotas over topics, clusters or sources."""
        return Balancing(self.store)

    @cached_property
    def selecting(self) -> Selecting:
        """Leave out the worst share."""
        return Selecting(self.store)

    @cached_property
    def redacting(self) -> Redacting:
        """Redact, pseudonymise or drop personal data."""
        return Redacting(self.store)

    @cached_property
    def tasting(self) -> Tasting:
        """Learn the reviewers' taste."""
        return Tasting(self.store, self.folder)

    @cached_property
    def splitting(self) -> Splitting:
        """Split without leaks."""
        return Splitting(self.store, self.folder)

    @cached_property
    def versions(self) -> Versions:
        """List, name, compare and restore dataset versions."""
        return Versions(self.store)

    @cached_property
    def exporting(self) -> Exporting:
        """Write the splits to files."""
        return Exporting(self.store, self.folder)

    @cached_property
    def backup(self) -> Backup:
        """Write the project into one file."""
        return Backup(self.store, self.folder)

    @cached_property
    def training(self) -> Training:
        """Train adapters."""
        return Training(self.store, self.folder)

    @cached_property
    def handing_off(self) -> HandingOff:
        """Hand off a run's model."""
        return HandingOff(self.store, self.folder)

    @cached_property
    def chatting(self) -> Chatting:
        """Talk with base and tuned model."""
        return Chatting(self.store, self.folder)

    @cached_property
    def comparing(self) -> Comparing:
        """Let variants answer held-out examples and compare them."""
        return Comparing(self.store, self.folder)

    @cached_property
    def importing_results(self) -> ImportingResults:
        """Bring in answers and ratings from elsewhere."""
        return ImportingResults(self.store, self.folder)

    @cached_property
    def advising(self) -> Advising:
        """Whether fine-tuning is the right tool here."""
        return Advising(self.store)

    @cached_property
    def preferences(self) -> Preferences:
        """Turn ratings into preference pairs."""
        return Preferences(self.store)

    @cached_property
    def reporting(self) -> Reporting:
        """Write the report."""
        return Reporting(self.store, self.folder)

    @cached_property
    def collecting(self) -> Collecting:
        """Turn failures into data to collect."""
        return Collecting(self.store, self.folder)

    @cached_property
    def rating(self) -> Rating:
        """Rate answers blind."""
        return Rating(self.store)

    @cached_property
    def judging(self) -> Judging:
        """Let a judge model compare answers, beside the raters."""
        return Judging(self.store, self.folder)

    @cached_property
    def output_rules(self) -> OutputRules:
        """The project's own rules for outputs."""
        return OutputRules(self.store)

    @cached_property
    def rubric(self) -> Rubric:
        """Rate single answers blind on criteria."""
        return Rubric(self.store)

    @cached_property
    def writing_answers(self) -> WritingAnswers:
        """Write the right answer where all rated ones were bad."""
        return WritingAnswers(self.store)

    @cached_property
    def tables(self) -> Tables:
        """Read result tables."""
        return Tables(self.store)
