"""What gives held-out examples away, for a person to read, and decisions about it in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.store.store import Store

if TYPE_CHECKING:
    from pydantic import BaseModel

VERDICTS = ("contaminated", "review")


class Decontaminating:
    """Reads what the contamination stage found, and decides about it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def findings(self, verdict: str | None = None, limit: int = 20, offset: int = 0) -> list[dict[str, Any]]:
        """Return examples with the held-out example that they give away, surest first; one row an example.

        Each is `{example_id, test_id, kinds, similarity, verdict, evidence, prompt, completion, test_prompt,
        test_completion, file, line, state}`; file and line are the held-out example's.
        """
        return self._store.analysis.contamination(verdict, limit, offset).to_dicts()

    def counts(self) -> dict[str, dict[str, int]]:
        """Count examples by verdict: all of them, and those that nobody has decided about."""
        rows = self._store.analysis.contamination_counts().iter_rows(named=True)
        counts = {row["verdict"]: {"examples": row["examples"], "pending": row["pending"]} for row in rows}
        return {verdict: counts.get(verdict, {"examples": 0, "pending": 0}) for verdict in VERDICTS}

    def held_out(self) -> int:
        """Count the held-out examples that were imported."""
        return self._store.examples.with_role("test").height

    def decide(self, verdict: str, action: str, who: str) -> int:
        """Decide about all examples of a verdict as one batch, which is undone as one; returns how many they were.

        Args:
            verdict: contaminated or review.
            action: drop, keep or flag.
            who: who decides.

        Raises:
            CurationError: an unknown verdict or action, or nothing of that verdict.
        """
        if verdict not in VERDICTS or action not in {"drop", "keep", "flag"}:
            raise CurationError(
                f"'{verdict}' cannot be given '{action}'.", f"Choose {' or '.join(VERDICTS)}, and drop, keep or flag."
            )
        ids = self._store.analysis.contaminated(verdict)
        if not ids:
            raise CurationError(
                f"No example has the verdict '{verdict}'.",
                "Import held-out examples (workbench import PROJECT FILE --as test), then run the contamination stage.",
            )
        note = "gives a held-out example away" if verdict == "contaminated" else "may give a held-out example away"
        self._store.decisions.append_same(ids, action, note, who, self._store.now(), origin="contamination")
        return len(ids)


def import_held_out(store: Store, settings: BaseModel, progress: Progress = no_progress) -> None:
    """Import the files that the contamination settings name, as test; a file that was imported before adds nothing.

    Raises:
        CurationError: a file that is not there or cannot be read, or holds no line that can be used.
    """
    named = str(getattr(settings, "files", ""))
    paths = [Path(name.strip()).expanduser() for name in named.split(",") if name.strip()]
    for path in paths:
        if not path.exists():
            raise CurationError(
                f"There is no held-out file {path}.", "Check contamination.files; several are joined by commas."
            )
    if paths:
        import_test_files(store, paths, progress)


def import_test_files(store: Store, paths: Sequence[Path], progress: Progress = no_progress) -> None:
    """Import held-out files as test.

    Raises:
        CurationError: a file that cannot be read, or of which no line can be used.
    """
    from workbench.importing import Importing

    for report in Importing(store).import_files(list(paths), "test", progress=progress).files:
        if not report.accepted:
            raise CurationError(
                f"No line of {report.file} can be used as a held-out example.",
                "Each needs a question and its answer, as two columns or as messages.",
            )
