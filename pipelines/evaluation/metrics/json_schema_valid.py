"""JSON-schema validity: the whole output is one JSON object that follows the schema in the settings.

Checked by `jsonschema` in the draft that the schema names, else the newest. A reference to another document (`$ref` to
an address) is refused: nothing is fetched. `format` is not checked, as in the library. Without a schema (only where the
metric is called by itself) no output scores.

Source: https://json-schema.org/draft/2020-12/json-schema-core
"""

import json
from collections.abc import Sequence
from typing import Any

from pipelines.errors import CurationError
from pipelines.evaluation.json_objects import read_object
from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="json_schema_valid",
    title="Follows the JSON schema",
    description="1 where the whole output is one JSON object that follows the schema in the settings, else 0.",
    applies="json",
    needs_schema=True,
    default=False,
)
def json_schema_valid(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where the output is an object that follows the schema, else 0; the reference is not looked at.

    Raises:
        CurationError: what is given as a schema is none, or names another document.
    """
    if context.settings.json_schema is None:
        return [0.0] * len(predictions)
    validator = schema_validator(context.settings.json_schema)
    try:
        return [float(found is not None and validator.is_valid(found)) for found in map(read_object, predictions)]
    except Exception as error:
        # The library has no common class for references that lead nowhere; whatever it is, it is the schema's fault.
        raise CurationError(
            f"The JSON schema cannot be applied: {type(error).__name__}: {error}.",
            "Put everything that the schema refers to into it ($defs); nothing is fetched.",
        ) from error


def schema_validator(text: str) -> Any:
    """Return what checks values against a schema.

    Raises:
        CurationError: the text is no JSON schema, or `jsonschema` is not installed.
    """
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry
    except ImportError as error:
        raise CurationError(
            "Checking answers against a JSON schema needs the package jsonschema.", "pip install jsonschema"
        ) from error
    try:
        schema = json.loads(text)
        kind = validator_for(schema, default=Draft202012Validator)
        kind.check_schema(schema)
    except (ValueError, RecursionError) as error:
        raise CurationError(f"The JSON schema is no JSON: {error}.", "Hand in a JSON schema.") from error
    except SchemaError as error:
        raise CurationError(f"This is no JSON schema: {error.message}.", "See https://json-schema.org.") from error
    return kind(schema, registry=Registry())
