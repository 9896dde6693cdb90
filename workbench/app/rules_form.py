"""The table in which rules for outputs are written, and rules as it was left."""

from typing import Any

import polars as pl

from workbench.project import Project

FORM = pl.Schema(
    {
        "name": pl.String,
        "kind": pl.String,
        "value": pl.String,
        "path": pl.String,
        "ignore_case": pl.Boolean,
        "examples": pl.String,
    }
)
EXAMPLES = ["all", "json", "text"]


def kinds() -> dict[str, str]:
    """Return what a rule may ask for, kind -> words."""
    from pipelines.evaluation.output_rules import KINDS

    return {str(kind): words for kind, words in KINDS.items()}


def rows_of(project: Project) -> pl.DataFrame:
    """Return the rules in force as the table's rows."""
    return pl.DataFrame([rule.model_dump() for rule in project.output_rules.rules()], schema=FORM)


def rules_of(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rules as `OutputRules.set_rules` takes them; cells that are empty are left to their defaults."""
    filled = [{name: value for name, value in row.items() if value not in (None, "")} for row in rows.to_dicts()]
    return [row for row in filled if row.keys() - {"ignore_case", "examples"}]


def measured_by_others(project: Project, evaluation: str) -> bool:
    """Tell whether the rules in force are not those that an evaluation was measured by."""
    return project.comparing.rules_of(evaluation) != project.output_rules.rules()
