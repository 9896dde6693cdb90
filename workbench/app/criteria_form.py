"""What somebody typed into the form of criteria, as criteria: a name, and anchors one a line."""

from collections.abc import Iterable
from typing import Any

# Empty fields for criteria that are to be added.
FURTHER = 1


def criteria_of(given: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return criteria as `Rubric.set_criteria` takes them; empty lines, and criteria without a name, are left out."""
    return [
        {"name": name.strip(), "anchors": [line.strip() for line in anchors.splitlines() if line.strip()]}
        for name, anchors in given
        if name.strip()
    ]
