"""Which days a test covers: people behave otherwise on Sundays, so a test runs whole weeks, both arms every day."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Days:
    """The days of a test in UTC.

    `span` is the time from the first request to the last, in days; `weekdays` counts requests of each day of the week;
    `missing` are weekdays on which an arm has no request; `alone` counts days on which only one arm has some.
    """

    first: datetime
    last: datetime
    span: float
    days: int
    weekdays: dict[str, int]
    missing: list[str]
    alone: int


def days_of(rows: pl.DataFrame, variant: str, against: str) -> Days:
    """Describe which days two arms cover.

    Args:
        rows: time, variant; one request at least.
        variant: one arm.
        against: the other.
    """
    dated = rows.select("variant", "time", day=pl.col("time").dt.date(), weekday=pl.col("time").dt.weekday())
    counts = dict(dated.group_by("weekday").len().iter_rows())
    seen = set(dated.select("variant", "weekday").unique().iter_rows())
    arms = dated.group_by("day").agg(pl.col("variant").n_unique().alias("arms"))
    first, last = dated["time"].min(), dated["time"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return Days(
        first,
        last,
        (last - first).total_seconds() / 86_400,
        arms.height,
        {name: int(counts.get(number, 0)) for number, name in enumerate(WEEKDAYS, start=1)},
        [name for number, name in enumerate(WEEKDAYS, start=1) if not {(variant, number), (against, number)} <= seen],
        int((arms["arms"] < 2).sum()),
    )
