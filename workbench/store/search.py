"""Find texts in prompts and completions: a substring whatever its case, or a regular expression.

The engine is RE2, whose time grows with the length of the text only, so that no expression can hang it; what a match
has to hold is looked for first. Examples are
searched in pieces, the first of them small, so that what is frequent is found at once, then each as large as all before
it, up to two row groups (one for each core of a small machine): whoever asks may stop after some seconds with what was
found so far and go on later. What was searched once is remembered; only new examples are searched again.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

import duckdb
import polars as pl

from pipelines.errors import CurationError
from workbench.store.database import Database
from workbench.store.filters import LONGEST_TEXT
from workbench.store.required_texts import required_texts

# DuckDB keeps rows in groups of 122,880.
PIECE = 2 * 122_880
FIRST_PIECE = 16_384
# The first look at a search ends as soon as so many are found: more than a page, and the rest can come after.
ENOUGH_AT_FIRST = 100
# A search that nobody waits for piece by piece is given up after so long.
LONGEST_SECONDS = 120.0
_REMEMBERED = 12
_COLUMNS = ("completion", "prompt")
_HOLDS = "contains(lower({column}), lower($pattern))"
_MATCHES = "regexp_matches({column}, $pattern)"


@dataclass(frozen=True)
class Found:
    """The numbers (row ids) of examples that match, and the share of the examples that was searched."""

    numbers: pl.Series
    share: float


@dataclass
class _Scan:
    searched: int = 0
    parts: list[pl.Series] = field(default_factory=list)


class Search:
    """Searches texts, and remembers what it found."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._scans: OrderedDict[tuple[str, str], _Scan] = OrderedDict()
        self._searching = threading.Lock()

    def text(self, text: str, seconds: float | None = None) -> Found:
        """Search for a text as it stands, whatever its case; `find` tells the rest."""
        if len(text) <= LONGEST_TEXT:
            return self.find(literal(text), seconds)
        # RE2 refuses what makes too large a program; a plain comparison has no such end.
        return self._search(text, _HOLDS, seconds)

    def find(self, pattern: str, seconds: float | None = None) -> Found:
        """Search as far as the time allows.

        Args:
            pattern: a regular expression in RE2's syntax (`literal` makes one of a text).
            seconds: stop before the piece that would end later than this, by how long the earlier ones took, and the
                first time also when `ENOUGH_AT_FIRST` are found; the first piece is searched in any case. None goes on
                to the end.

        Raises:
            CurationError: the expression cannot be read, or the end was not reached in `LONGEST_SECONDS`.
        """
        self.check(pattern)
        required = required_texts(pattern)
        held = "contains(lower({{column}}), ${name})" if required.any_case else "contains({{column}}, ${name})"
        texts = {f"text{place}": text for place, text in enumerate(required.texts)}
        return self._search(
            pattern, " AND ".join([*(held.format(name=name) for name in texts), _MATCHES]), seconds, texts
        )

    def _search(
        self, pattern: str, condition: str, seconds: float | None, texts: dict[str, str] | None = None
    ) -> Found:
        started = time.monotonic()
        with self._searching:
            rows = int(self._database.value("SELECT coalesce(max(rowid) + 1, 0) FROM examples"))
            scan = self._remembered((condition, pattern))
            begun = scan.searched
            while scan.searched < rows:
                size = min(max(scan.searched, FIRST_PIECE), PIECE, rows - scan.searched)
                taken = time.monotonic() - started
                done = scan.searched - begun
                if seconds is not None and done:
                    enough = not begun and sum(map(len, scan.parts)) >= ENOUGH_AT_FIRST
                    if enough or taken * (done + size) / done > seconds:
                        break
                if taken > LONGEST_SECONDS:
                    raise CurationError(
                        f"The search for '{pattern[:60]}' took longer than {LONGEST_SECONDS:.0f} seconds.",
                        "Search for something simpler.",
                    )
                bounds = {"first": scan.searched, "last": scan.searched + size}
                scan.parts.append(self._piece(condition, {"pattern": pattern, **bounds, **(texts or {})}))
                scan.searched += size
            found = pl.concat(scan.parts) if scan.parts else pl.Series("number", [], pl.Int64)
            scan.parts = [found]
            return Found(found, scan.searched / rows if rows else 1.0)

    def check(self, pattern: str) -> None:
        """Refuse what is no regular expression.

        Raises:
            CurationError: says what is wrong with it.
        """
        if len(pattern) > 2 * LONGEST_TEXT + len("(?i)"):
            raise CurationError(
                f"The expression has {len(pattern):,} characters.", f"Search for {LONGEST_TEXT} at most."
            )
        try:
            self._database.value("SELECT regexp_matches('', $pattern)", {"pattern": pattern})
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].partition("Error: ")[2].rstrip(".")
            raise CurationError(
                f"The regular expression '{pattern[:60]}' cannot be read: {reason}.",
                "Write it in RE2's syntax, which has no look-around and no back-references; put \\ before a sign that"
                " stands for itself.",
            ) from None

    def replace(self, texts: list[str], pattern: str, replacement: str) -> list[str]:
        """Return texts with every match replaced; a backslash and a digit in the replacement name a group.

        Raises:
            CurationError: the replacement names a group that the expression lacks.
        """
        wanted = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("place")
        try:
            return self._database.frame(
                "SELECT regexp_replace(text, $pattern, $replacement, 'g') AS text FROM wanted ORDER BY place",
                {"pattern": pattern, "replacement": replacement},
                wanted=wanted,
            )["text"].to_list()
        except duckdb.Error as error:
            raise CurationError(
                f"The replacement '{replacement[:60]}' cannot be read: {str(error).splitlines()[0]}.",
                "Write \\1 for the first group of the expression, \\\\ for a backslash.",
            ) from None

    def _remembered(self, sought: tuple[str, str]) -> _Scan:
        scan = self._scans.setdefault(sought, _Scan())
        self._scans.move_to_end(sought)
        while len(self._scans) > _REMEMBERED:
            self._scans.popitem(last=False)
        return scan

    def _piece(self, condition: str, values: dict[str, str | int]) -> pl.Series:
        either = " OR ".join(f"({condition.format(column=column)})" for column in _COLUMNS)
        return self._database.frame(
            f"SELECT rowid AS number FROM examples WHERE rowid >= $first AND rowid < $last AND ({either})", values
        )["number"]


def literal(text: str, *, match_case: bool = False) -> str:
    """Return the expression that matches a text as it stands."""
    quoted = "".join(
        sign if sign.isalnum() or ord(sign) > 127 or sign == "_" else "\\x00" if sign == "\0" else f"\\{sign}"
        for sign in text
    )
    return quoted if match_case else f"(?i){quoted}"
