"""Sign-in for an app that a team shares: what must be configured before it may listen beyond this machine.

`.streamlit/secrets.toml` in the project's folder, else in the home folder; sign-in is on where it says who may come in:

    [workbench]
    allow = ["ann@example.com", "@example.org"]     # addresses, whole domains, or "*": whomever the provider lets in

    [auth]
    redirect_uri = "https://workbench.example.org/oauth2callback"
    cookie_secret = "32 characters or more, by chance"
    client_id = "…"
    client_secret = "…"
    server_metadata_url = "https://accounts.example.org/.well-known/openid-configuration"

`[auth]` is Streamlit's own table. The provider is OpenID Connect; docs/sign-in.md has the steps.
"""

import importlib.util
import ipaddress
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.errors import CurationError

SECRETS = Path(".streamlit") / "secrets.toml"
CALLBACK = "/oauth2callback"
PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")
LEAST_SECRET = 32
_SEE = "See docs/sign-in.md."


@dataclass(frozen=True)
class SignIn:
    """A sign-in that is configured.

    Attributes:
        secrets: the file that configures it.
        host: the name at which browsers reach the app.
        allow: addresses, `@domain` or `*`.
    """

    secrets: Path
    host: str
    allow: tuple[str, ...]


def find_sign_in(project_folder: Path | None, home: Path | None = None) -> SignIn | None:
    """Return the sign-in of the project, else of the person's home folder; None where neither configures one.

    Raises:
        CurationError: it is configured in part, or the packages that it needs are not installed.
    """
    for folder in (project_folder, home or Path.home()):
        if folder is not None and (folder / SECRETS).is_file():
            found = _read(folder / SECRETS)
            if found is not None:
                return found
    return None


def is_loopback(address: str) -> bool:
    """Say whether only this machine can reach an address."""
    if address.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def check_address(address: str, sign_in: SignIn | None) -> None:
    """Refuse to listen where others can reach the app unless they have to sign in.

    Raises:
        CurationError: the address is not of this machine alone and no sign-in is configured.
    """
    if sign_in is None and not is_loopback(address):
        raise CurationError(
            f"The app would listen on {address}, where others can reach it, and nobody would have to sign in.",
            f"Configure sign-in in PROJECT/{SECRETS.as_posix()} first, or leave --host out. {_SEE}",
        )


def may_enter(claims: Mapping[str, Any], allow: Sequence[str]) -> str | None:
    """Return the name under which a person works, or None for one who may not come in.

    Args:
        claims: what the provider says of the person.
        allow: addresses, `@domain` or `*`; nobody comes in by an empty list, nor by an address that the provider says
            it has not verified.
    """
    address = str(claims.get("email") or "").strip()
    if address and claims.get("email_verified", True) not in (True, "true"):
        return None
    name = address or str(claims.get("preferred_username") or claims.get("sub") or "").strip()
    if not name:
        return None
    folded = address.casefold()
    for entry in (entry.strip().casefold() for entry in allow):
        if entry == "*" or (folded and (folded == entry or (entry.startswith("@") and folded.endswith(entry)))):
            return name
    return None


def _read(path: Path) -> SignIn | None:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CurationError(f"{path} cannot be read: {error}.", f"Write it as TOML. {_SEE}") from None
    wanted = tables.get("workbench")
    if not isinstance(wanted, dict) or "allow" not in wanted:
        return None  # a file for other apps
    allow = wanted["allow"]
    if not isinstance(allow, list) or not allow or not all(isinstance(entry, str) and entry for entry in allow):
        raise CurationError(
            f"{path}: allow in [workbench] names nobody.",
            'List who may come in, as in allow = ["ann@example.com", "@example.org"].',
        )
    host = _checked_auth(path, tables.get("auth"))
    if importlib.util.find_spec("authlib") is None:
        raise CurationError(
            "Sign-in is configured, but the packages that it needs are not installed.",
            "Install them: pip install 'finetuning-workbench[team]'.",
        )
    return SignIn(path, host, tuple(allow))


def _checked_auth(path: Path, auth: object) -> str:
    """Check the [auth] table and return the host of its redirect_uri."""
    if not isinstance(auth, dict):
        raise CurationError(f"{path} has no table [auth].", f"Add it. {_SEE}")
    needed = ("redirect_uri", "cookie_secret", *PROVIDER_KEYS)
    missing = [key for key in needed if not isinstance(auth.get(key), str) or not auth[key]]
    if missing:
        raise CurationError(f"{path}: [auth] lacks {', '.join(missing)}.", f"Add what is missing. {_SEE}")
    if len(auth["cookie_secret"]) < LEAST_SECRET:
        raise CurationError(
            f"{path}: cookie_secret has fewer than {LEAST_SECRET} characters, so sign-ins could be forged.",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'.",
        )
    for key in ("redirect_uri", "server_metadata_url"):
        place = urlsplit(auth[key])
        if place.scheme != "https" and not (place.scheme == "http" and is_loopback(place.hostname or "")):
            raise CurationError(
                f"{path}: {key} does not begin with https://.", "Passwords and sign-ins must not travel in the open."
            )
    if not auth["redirect_uri"].endswith(CALLBACK):
        raise CurationError(
            f"{path}: redirect_uri does not end with {CALLBACK}.",
            f"Write the app's address followed by {CALLBACK}, and tell it to the provider as well.",
        )
    return urlsplit(auth["redirect_uri"]).hostname or ""
