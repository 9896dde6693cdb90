"""JavaScript and CSS that lie beside a component."""

from pathlib import Path


def read_assets(beside: str, *names: str) -> str:
    """Return the files' texts one after the other; `beside` is the `__file__` of the component that owns them."""
    folder = Path(beside).resolve().parent
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
