"""A form made from a settings model: each field once, with its bounds and its description.

The widget follows from the field's type: a choice for `Literal`, a switch for `bool`, a number for `int` and `float`, a
text for the rest. A field that may be None is typed as text, and left empty means None.
"""

from collections.abc import Iterable, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

# Names that no rule turns into words.
LABELS = {
    "base": "Base model",
    "lora_plus": "LoRA+ ratio",
    "rslora": "rsLoRA",
    "dora": "DoRA",
    "bf16": "bf16 numbers",
    "turns": "Trained turns",
    "start": "Start of the adapter",
    "beta": "Beta of DPO",
    "targets": "Tuned layers",
    "max_length": "Longest example, tokens",
    "max_new_tokens": "Longest answer, tokens",
    "memory_tokens": "Tokens at once in memory",
    "general_share": "Share of general examples",
    "validation_limit": "Validation examples, at most",
}


def draw_fields(settings: BaseModel, names: Sequence[str], key: str, columns: int = 3) -> dict[str, Any]:
    """Draw widgets for some fields of a settings object, and return what they hold.

    Args:
        settings: where the values start from.
        names: fields, in the order of drawing.
        key: a prefix that no other form of the page has.
        columns: how many stand beside each other.
    """
    values = {}
    for number, name in enumerate(names):
        field = type(settings).model_fields[name]
        if number % columns == 0:
            places = st.columns(columns, vertical_alignment="bottom")
        with places[number % columns]:
            values[name] = _draw_field(name, field, getattr(settings, name), f"{key}-{name}")
    return values


def other_fields(settings: BaseModel, shown: Iterable[str], left_out: Iterable[str] = ()) -> list[str]:
    """Return the names of the fields that are neither shown nor left out."""
    known = {*shown, *left_out}
    return [name for name in type(settings).model_fields if name not in known]


def changed_values(settings: BaseModel, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that differ from the settings they started from."""
    return {name: value for name, value in values.items() if value != getattr(settings, name)}


def command_line(command: str, folder: str, values: dict[str, Any], prefix: str = "") -> str:
    """Write the command that does the same as a form."""
    chosen = "".join(f" --set {prefix}{name}={value}" for name, value in sorted(values.items()))
    return f"workbench {command} {folder}{chosen}"


def label_of(name: str) -> str:
    """Return what a settings field is called above its widget: its name in words, acronyms as they are written."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def _draw_field(name: str, field: FieldInfo, value: Any, key: str) -> Any:
    label, description = label_of(name), field.description
    kinds = _kinds(field.annotation)
    if NoneType in kinds:
        return _draw_optional(label, value, key, description)
    if get_origin(field.annotation) is Literal:
        options = list(get_args(field.annotation))
        return st.selectbox(label, options, index=options.index(value), key=key, help=description)
    if bool in kinds:
        return st.toggle(label, value=value, key=key, help=description)
    low, high = _bounds(field)
    if int in kinds:
        low, high = (None if bound is None else int(bound) for bound in (low, high))
        return st.number_input(label, low, high, value, step=1, key=key, help=description)
    if float in kinds:
        return float(
            st.number_input(
                label,
                None if low is None else float(low),
                None if high is None else float(high),
                float(value),
                step=max(abs(float(value)) / 10, 1e-6),
                format="%.6g" if abs(float(value)) >= 1e-3 or value == 0 else "%.2e",
                key=key,
                help=description,
            )
        )
    return st.text_input(label, str(value), key=key, help=description)


def _draw_optional(label: str, value: Any, key: str, description: str | None) -> str | None:
    typed = st.text_input(
        label, "" if value is None else str(value), placeholder="automatic", key=key, help=description
    )
    return typed.strip() or None


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def _bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    def bound(*names: str) -> float | None:
        found = (getattr(rule, name, None) for rule in field.metadata for name in names)
        return next((value for value in found if value is not None), None)

    return bound("ge", "gt"), bound("le", "lt")
