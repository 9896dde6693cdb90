"""Compare two arms that ran in production, from their log; no project is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.settings import checked_settings

if TYPE_CHECKING:
    from pipelines.production.ab_test import ABTest


def compare_arms(path: Path, settings: Mapping[str, object] | None = None) -> ABTest:
    """Read a log and compare its arms.

    Args:
        path: CSV, JSON Lines or Parquet.
        settings: `ABSettings`.

    Raises:
        CurationError: settings that are none, a log that cannot be read, or one without two arms.
    """
    from pipelines.production.ab_test import ab_test
    from pipelines.production.log import read_log
    from pipelines.production.settings import ABSettings

    chosen = checked_settings(ABSettings, settings or {}, "A/B test")
    return ab_test(read_log(path, chosen), chosen)
