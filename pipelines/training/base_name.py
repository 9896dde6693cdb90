"""What a base model's name means: `default`, a folder, or a name on the Hugging Face hub.

Not covered: loading it (`base.py`).
"""

from pathlib import Path

# The embedded base model, where it stands in the repository and in the installed package.
EMBEDDED_BASE = "sample_data/base_model"


def base_folder(base: str) -> Path | None:
    """Return the folder that a base name points at, or None where it is a hub name.

    `default` is the embedded base model. A name is a folder when one stands there or when it looks like a path (an
    absolute or relative one, or with a backslash), so that a mistyped path is never asked for on the hub.
    """
    if base == "default":
        return Path(__file__).parents[2] / EMBEDDED_BASE
    path = Path(base).expanduser()
    if path.is_dir() or path.is_absolute() or base.startswith((".", "~")) or "\\" in base or base.count("/") > 1:
        return path
    return None


def portable_name(base: str) -> str:
    """Return a name for the base that says where to get it and holds no path of this machine.

    The embedded base gives its path inside the repository, a hub name itself, a folder its last part.
    """
    if base == "default":
        return EMBEDDED_BASE
    folder = base_folder(base)
    return base if folder is None else folder.resolve().name
