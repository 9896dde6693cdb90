"""Who has a project open, told from the process itself, so that nothing on disk can be stale.

DuckDB names the process that holds a file; its command line says whether it is the app (and at which address) or a
command. Where the system does not tell (another user's process, another container), the process number stands alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from pipelines.errors import CurationError


@dataclass(frozen=True)
class Holder:
    """A process that has a project open; `address` is the app's, `command` a workbench command's words."""

    pid: int
    since: datetime | None
    what: str
    address: str | None = None
    command: str | None = None


def held_elsewhere(folder: Path, pid: int | None) -> CurationError:
    """Say which process has a project open and how to go on.

    Args:
        folder: the project's folder.
        pid: the process, where the system names it.
    """
    holder = None if pid is None else holder_of(pid)
    if holder is None:
        who = "another process" if pid is None else f"process {pid}"
        return CurationError(
            f"The project {folder} is open in {who}.",
            "Close the workbench app (or the command) that uses it, or do this step in that app.",
        )
    since = f" since {holder.since:%Y-%m-%d %H:%M} UTC" if holder.since else ""
    message = f"The project {folder} is open in process {holder.pid}: {holder.what}, running{since}."
    if holder.address is not None:
        return CurationError(
            message,
            f"Do this step in the app, at {holder.address} - or stop the app (Ctrl-C where it runs, or: kill"
            f" {holder.pid}) and try again.",
        )
    if holder.command is not None:
        return CurationError(message, f"Wait until that command has ended, or stop it (kill {holder.pid}).")
    return CurationError(message, f"Close the project there, or end that process (kill {holder.pid}).")


def holder_of(pid: int) -> Holder | None:
    """Return what a process is, or None when the system does not tell."""
    try:
        process = psutil.Process(pid)
        words = process.cmdline()
        since = datetime.fromtimestamp(process.create_time(), UTC)
    except (psutil.Error, OSError):
        return None
    return describe(pid, words, since) if words else None


def describe(pid: int, words: Sequence[str], since: datetime | None) -> Holder:
    """Tell from a process's command line what it is."""
    options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--") and "=" in word)
    if "server.port" in options and any("streamlit" in word for word in words):
        host = options.get("browser.serverAddress") or options.get("server.address") or "127.0.0.1"
        address = f"http://{host}:{options['server.port']}"
        return Holder(pid, since, f"the workbench app at {address}", address)
    script = next((place for place, word in enumerate(words[:2]) if Path(word).stem == "workbench"), None)
    if script is not None:
        command = " ".join(["workbench", *words[script + 1 : script + 2]])
        return Holder(pid, since, f"the command `{command}`", None, command)
    return Holder(pid, since, f"`{_short(words)}`")


def _short(words: Sequence[str], most: int = 60) -> str:
    text = " ".join([Path(words[0]).name, *words[1:]]).split("\n")[0]
    return text if len(text) <= most else f"{text[:most]}…"
