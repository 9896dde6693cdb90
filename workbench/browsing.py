"""Look through all examples as a table, by filter and order, and decide about all that a filter selects."""

from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from workbench.reviewing import ACTIONS, Reviewing
from workbench.store.browse import ORDERS, Filter
from workbench.store.store import Store

__all__ = ["ORDERS", "BrowsePage", "Browsing", "Filter"]

ROWS = 50


@dataclass(frozen=True)
class BrowsePage:
    """One page of the table; `searched` is the share of the examples that was searched for a text so far, 0 to 1."""

    rows: pl.DataFrame
    total: int
    page: int
    pages: int
    searched: float


class Browsing:
    """Pages through examples."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self,
        chosen: Filter,
        order: str = "position",
        *,
        descending: bool = False,
        page: int = 1,
        seconds: float | None = None,
    ) -> BrowsePage:
        """Return one page of 50 rows, and how many examples there are.

        Args:
            chosen: which examples.
            order: a name of `ORDERS`.
            descending: the other way round.
            page: from 1; beyond the last, the last is given.
            seconds: stop searching texts after so long, with what was found so far; asking again goes on.

        Raises:
            CurationError: an unknown order, or a regular expression that cannot be read.
        """
        if order not in ORDERS:
            raise CurationError(f"Examples cannot be ordered by '{order}'.", f"Choose one of: {', '.join(ORDERS)}.")
        view = self._store.browse.view(chosen, order, descending=descending, seconds=seconds)
        pages = max(-(-len(view) // ROWS), 1)
        page = min(max(page, 1), pages)
        rows = self._store.browse.rows_at(view.numbers.slice(ROWS * (page - 1), ROWS))
        return BrowsePage(rows, len(view), page, pages, view.share)

    def generation(self) -> int:
        """Return a number that grows when examples, or what was decided about them, change; makes searching ready."""
        return self._store.browse.generation()

    def count(self, chosen: Filter) -> int:
        """Count the examples that a filter selects, searched to the end."""
        return self._store.browse.count(chosen)

    def columns(self) -> list[str]:
        """Return the names of the further columns that imported files had."""
        return self._store.browse.columns()

    def values(self, column: str) -> list[str]:
        """Return the most frequent values of a further column."""
        return self._store.browse.column_values(column)

    def reviewers(self) -> list[str]:
        """Return who has decided anything."""
        return self._store.browse.reviewers()

    def decide_all(self, chosen: Filter, action: str, who: str, note: str = "") -> int:
        """Decide about all examples that a filter selects, as one batch that is undone as one; returns their number.

        Raises:
            CurationError: an unknown action, or the filter selects nothing.
        """
        if action not in ACTIONS:
            raise CurationError(f"'{action}' is no decision.", f"Choose one of: {', '.join(ACTIONS)}.")
        return Reviewing(self._store).decide_where(chosen, action, who, note)
