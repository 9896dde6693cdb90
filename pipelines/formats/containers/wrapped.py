"""An object that holds the rows of a whole data set under one of its keys, as some tools write it."""

_WRAPPERS = ("data", "rows", "examples", "train", "instances", "items", "conversations_list")


def wrapped(value: object) -> str | None:
    """Return the key under which an object holds the rows of a whole data set, or None."""
    if not isinstance(value, dict):
        return None
    return next((key for key in _WRAPPERS if is_rows(value.get(key))), None)


def is_rows(held: object) -> bool:
    """Whether a value is a list of objects, at least one."""
    return isinstance(held, list) and bool(held) and all(isinstance(item, dict) for item in held)
