"""The project's own rules for outputs: each is a metric of every comparison that is measured while it is in force."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import CurationError
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.evaluation.output_rules import OutputRule


class OutputRules:
    """Holds the rules."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def rules(self) -> tuple[OutputRule, ...]:
        """Return the rules in force; none where nobody wrote any."""
        from pipelines.evaluation.output_rules import checked_rules

        return checked_rules(self._store.runs.output_rules())

    def set_rules(self, given: Sequence[Any], who: str) -> tuple[OutputRule, ...]:
        """Put rules in force in the place of those before; none at all is a choice too.

        What was measured before keeps its figures until it is measured again (`Comparing.measure_rules`).

        Raises:
            CurationError: names the rule that cannot be used; nothing is changed.
        """
        from pipelines.evaluation.output_rules import checked_rules

        wanted = checked_rules(given)
        if wanted != self.rules():
            self._store.runs.set_output_rules([rule.model_dump(mode="json") for rule in wanted], who, self._store.now())
        return wanted

    def set_rules_from(self, path: Path, who: str) -> tuple[OutputRule, ...]:
        """Put the rules of a JSON file in force: a list of them, or an object that has one under `rules`.

        Raises:
            CurationError: the file cannot be read, is no such JSON, or a rule in it cannot be used.
        """
        try:
            given = json.loads(path.read_text("utf-8-sig"))
        except OSError as error:
            raise CurationError(f"{path} cannot be read: {error.strerror}.", "Name a file that is there.") from None
        except (ValueError, RecursionError):
            raise CurationError(f"{path.name} is no JSON in UTF-8.", "Start from: workbench rules --json.") from None
        rows = given.get("rules") if isinstance(given, dict) else given
        if not isinstance(rows, list):
            raise CurationError(
                f"{path.name} holds no list of rules.", 'Write a list of {"name": …, "kind": …, "value": …}.'
            )
        return self.set_rules(rows, who)
