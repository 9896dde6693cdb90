"""Check settings that people typed, and say what is wrong with them in their words."""

from collections.abc import Mapping
from typing import TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pipelines.errors import CurationError

Settings = TypeVar("Settings", bound=BaseModel)


def checked_settings(model: type[Settings], values: Mapping[str, object], of: str) -> Settings:
    """Build settings from names and values (texts are read as what the field wants).

    Args:
        model: the settings' model.
        values: field name -> value; a text for a list is its entries, joined by commas.
        of: what the settings are of, for the message.

    Raises:
        CurationError: an unknown name, or a value out of its bounds; names the field and what it takes.
    """
    try:
        return model.model_validate(
            {name: _read(model.model_fields.get(name), given) for name, given in values.items()}
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or of
        field = model.model_fields.get(name)
        if field is None:
            known = ", ".join(model.model_fields)
            raise CurationError(f"The {of} settings have no '{name}'.", f"Choose from: {known}.") from None
        raise CurationError(
            f"The {of} setting '{name}' cannot be {first.get('input')!r}: {first['msg'].lower()}.",
            f"{name}: {field.description or 'see the defaults'} (default {field.default!r}).",
        ) from None


def _read(field: FieldInfo | None, given: object) -> object:
    """Split a text that stands for a list."""
    if isinstance(given, str) and field is not None and get_origin(field.annotation) is tuple:
        return [entry.strip() for entry in given.split(",") if entry.strip()]
    return given
