"""What a command says: figures as one JSON object or lines for a person; progress goes to standard error."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipelines.progress import Progress

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object with the figures, nothing else."
)

project_argument = click.argument("project", type=click.Path(path_type=Path))

# A terminal line is redrawn at most this often; a log file gets a line at most this often.
_REDRAW_SECONDS, _LOG_SECONDS = 0.1, 5.0


def tell(figures: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print a command's result: the figures as JSON, or the lines."""
    if as_json:
        click.echo(json.dumps(plain(figures), ensure_ascii=False, allow_nan=False))
    else:
        for line in lines:
            click.echo(line)


def plain(value: Any) -> Any:
    """Turn a value into what strict JSON holds: records to objects, times and paths to text, NaN to null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, datetime | Path):
        return str(value)
    if isinstance(value, Exception):
        return str(value)
    return value


def progress_on_stderr(clock: Callable[[], float] = time.monotonic) -> Progress:
    """Return a progress callback that redraws one line on a terminal, and writes a line now and then elsewhere."""
    terminal = sys.stderr.isatty()
    least = _REDRAW_SECONDS if terminal else _LOG_SECONDS
    told_at, told = -least, ""

    def report(share: float, message: str) -> None:
        nonlocal told_at, told
        now = clock()
        finished = share >= 1.0
        if now - told_at < least and not (finished and message != told):
            return
        told_at, told = now, message
        text = f"{100 * min(share, 1.0):5.1f} %  {message}"
        if terminal:
            click.echo("\r\x1b[K" + text[:110] + ("\n" if finished else ""), err=True, nl=False)
        else:
            click.echo(text, err=True)

    return report


def settings_given(pairs: Iterable[str]) -> dict[str, object]:
    """Read `key=value` options; `key=@FILE` is the list of the file's lines, empty ones and those after # aside.

    Raises:
        click.BadParameter: a text without `=`, or a file that cannot be read as text.
    """
    values: dict[str, object] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"'{pair}' is not key=value")
        values[key.strip()] = _value(value.strip())
    return values


def _value(text: str) -> object:
    """Read a value as what it looks like: true, false, null, a file's lines, else the text (models read numbers)."""
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError, ValueError):
            raise click.BadParameter(f"the file '{text[1:]}' cannot be read as text in UTF-8") from None
        return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {"true": True, "false": False, "null": None, "none": None}.get(text.lower(), text)
