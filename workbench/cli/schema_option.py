"""The option that hands a JSON schema in."""

from pathlib import Path

import click

from pipelines.errors import CurationError

schema_option = click.option(
    "--schema",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON schema that answers must follow; adds the metric json_schema_valid.",
)


def text_of(path: Path | None) -> str | None:
    """Return the text of a schema's file; None for no file.

    Raises:
        CurationError: the file cannot be read.
    """
    try:
        return None if path is None else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CurationError(f"The schema cannot be read: {error}.", "Give a JSON schema as UTF-8 text.") from error
