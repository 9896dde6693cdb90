"""Write a project's report: one HTML file to send around, or the same figures in Markdown."""

from pathlib import Path

from pipelines.errors import CurationError
from workbench.comparing import Comparing
from workbench.files import write_text
from workbench.judging import Judging
from workbench.overview import Overview
from workbench.rating import Rating
from workbench.report.contents import report_of
from workbench.report.html import report_html
from workbench.report.markdown import report_markdown
from workbench.rubric import Rubric
from workbench.store.store import Store
from workbench.training import Training


class Reporting:
    """Writes the report of a project."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def text(self, *, markdown: bool = False) -> str:
        """Return the report as HTML, or as Markdown."""
        store, folder = self._store, self._folder
        report = report_of(
            folder.name,
            store,
            Overview(store, folder),
            Training(store, folder),
            Comparing(store, folder),
            Rating(store),
            Judging(store, folder),
            Rubric(store),
        )
        return report_markdown(report) if markdown else report_html(report)

    def write(self, out: Path, *, markdown: bool = False) -> int:
        """Write the report and return its size in bytes.

        Raises:
            CurationError: the file cannot be written, or is a folder.
        """
        if out.is_dir():
            raise CurationError(f"{out} is a folder.", "Name a file for the report.")
        text = self.text(markdown=markdown)
        write_text(out, text)
        return len(text.encode("utf-8"))
