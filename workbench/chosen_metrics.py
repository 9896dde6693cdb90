"""The metrics that somebody asked for beside the default ones, as an evaluation's settings keep them."""

from collections.abc import Sequence
from typing import Any

from pipelines.errors import CurationError


def further_settings(metrics: Sequence[str], json_schema: str | None) -> dict[str, Any]:
    """Return the chosen metrics that are not computed anyway, and the JSON schema; empty where there is neither.

    Raises:
        CurationError: an unknown metric, no JSON schema or one that is none.
    """
    from pipelines.evaluation.metrics import metric_named
    from pipelines.evaluation.metrics.json_schema_valid import schema_validator

    chosen = {metric_named(name).name: None for name in metrics if not metric_named(name).default}
    if json_schema is not None:
        schema_validator(json_schema)
        chosen["json_schema_valid"] = None
    elif "json_schema_valid" in chosen:
        raise CurationError("The metric 'json_schema_valid' needs a JSON schema.", "Hand one in: --schema FILE.")
    return {"metrics": list(chosen), "json_schema": json_schema} if chosen else {}
