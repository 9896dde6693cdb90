"""The open store of one project: its database and the families of questions that can be asked of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from workbench.store.analysis import AnalysisStore
from workbench.store.browse import BrowseStore
from workbench.store.cards import CardStore
from workbench.store.database import Database
from workbench.store.decisions import DecisionStore
from workbench.store.duplicates import DuplicateStore
from workbench.store.edits import EditStore
from workbench.store.examples import ExampleStore
from workbench.store.failures import FailureStore
from workbench.store.history import HistoryStore
from workbench.store.judging import JudgingStore
from workbench.store.keys import KeyStore
from workbench.store.leases import LeaseStore
from workbench.store.metadata import MetadataStore
from workbench.store.migrations import migrate, schema_of
from workbench.store.neighbours import NeighbourStore
from workbench.store.queues import QueueStore
from workbench.store.ratings import RatingStore
from workbench.store.rejected_answers import RejectedAnswerStore
from workbench.store.rubric import RubricStore
from workbench.store.runs import RunStore
from workbench.store.tables import TableStore
from workbench.store.versions import VersionStore

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present time in UTC without a zone, as DuckDB's TIMESTAMP holds it."""
    return datetime.now(UTC).replace(tzinfo=None)


class Store:
    """A project's database, up to date, with its families of questions."""

    def __init__(self, path: Path, now: Clock = utc_now) -> None:
        """Open or create the file and bring its schema up to date.

        Raises:
            CurationError: another process holds the file, it is no DuckDB file, or a newer workbench made it.
        """
        self.now = now
        self._database = Database(path)
        try:
            migrate(self._database, now())
        except BaseException:
            self._database.close()
            raise
        self.examples = ExampleStore(self._database)
        self.decisions = DecisionStore(self._database)
        self.duplicates = DuplicateStore(self._database)
        self.edits = EditStore(self._database)
        self.history = HistoryStore(self._database)
        self.analysis = AnalysisStore(self._database)
        self.browse = BrowseStore(self._database)
        self.metadata = MetadataStore(self._database)
        self.rejected_answers = RejectedAnswerStore(self._database)
        self.cards = CardStore(self._database, self.browse)
        self.queues = QueueStore(self._database, self.browse)
        self.keys = KeyStore(self._database)
        self.leases = LeaseStore(self._database)
        self.neighbours = NeighbourStore(self._database)
        self.versions = VersionStore(self._database)
        self.runs = RunStore(self._database)
        self.ratings = RatingStore(self._database)
        self.judging = JudgingStore(self._database)
        self.rubric = RubricStore(self._database)
        self.failures = FailureStore(self._database)
        self.tables = TableStore(self._database)

    @property
    def schema(self) -> int:
        """The number of the last migration that the file has seen."""
        return schema_of(self._database)

    def copy_to(self, path: Path) -> None:
        """Write the database as it is at this moment into another file; writing may go on meanwhile.

        Raises:
            CurationError: the copy cannot be written.
        """
        self._database.copy_to(path)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
