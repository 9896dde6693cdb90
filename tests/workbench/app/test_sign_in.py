"""Nobody but this machine reaches the app without a sign-in, and none counts that is configured in part."""

from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.app import launcher
from workbench.app.launcher import SIGN_IN_VARIABLE, app_command, app_environment, launch
from workbench.app.sign_in import SECRETS, SignIn, check_address, find_sign_in, is_loopback, may_enter

ALLOW = '[workbench]\nallow = ["ann@example.com", "@example.org"]\n'
AUTH = {
    "redirect_uri": "https://workbench.example.org/oauth2callback",
    "cookie_secret": "k" * 32,
    "client_id": "workbench",
    "client_secret": "s",
    "server_metadata_url": "https://accounts.example.org/.well-known/openid-configuration",
}


def write(folder: Path, text: str) -> Path:
    path = folder / SECRETS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def auth(**changed: str | None) -> str:
    values = {**AUTH, **changed}
    return "[auth]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items() if value is not None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_without_a_file_or_with_one_for_other_apps_there_is_no_sign_in(tmp_path: Path, home: Path) -> None:
    assert find_sign_in(None, home) is None
    assert find_sign_in(tmp_path, home) is None
    write(home, auth())
    assert find_sign_in(tmp_path, home) is None


def test_the_projects_own_file_comes_before_that_of_the_home_folder(tmp_path: Path, home: Path) -> None:
    theirs = write(home, ALLOW + auth())
    assert find_sign_in(tmp_path, home) == SignIn(theirs, "workbench.example.org", ("ann@example.com", "@example.org"))
    ours = write(tmp_path, ALLOW + auth(redirect_uri="http://127.0.0.1:{port}/oauth2callback"))
    found = find_sign_in(tmp_path, home)
    assert found is not None
    assert (found.secrets, found.host) == (ours, "127.0.0.1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[workbench\n", "cannot be read"),
        ("[workbench]\nallow = []\n" + auth(), "names nobody"),
        ('[workbench]\nallow = "*"\n' + auth(), "names nobody"),
        ("[workbench]\nallow = [7]\n" + auth(), "names nobody"),
        (ALLOW, r"no table \[auth\]"),
        (ALLOW + auth(client_secret=None, client_id=""), "lacks client_id, client_secret"),
        (ALLOW + auth(cookie_secret="short"), "fewer than 32"),
        (ALLOW + auth(redirect_uri="http://workbench.example.org/oauth2callback"), "https"),
        (ALLOW + auth(server_metadata_url="http://accounts.example.org/x"), "https"),
        (ALLOW + auth(redirect_uri="https://workbench.example.org/"), "does not end with"),
    ],
)
def test_a_sign_in_that_is_configured_in_part_is_refused_with_a_remedy(
    tmp_path: Path, home: Path, text: str, words: str
) -> None:
    write(tmp_path, text)
    with pytest.raises(CurationError, match=words) as refused:
        find_sign_in(tmp_path, home)
    assert refused.value.remedy
    assert "kkkk" not in refused.value.message


def test_missing_packages_are_named(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, ALLOW + auth())
    monkeypatch.setattr("workbench.app.sign_in.importlib.util.find_spec", lambda name: None)
    with pytest.raises(CurationError) as refused:
        find_sign_in(tmp_path, home)
    assert "[team]" in refused.value.remedy


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_addresses_of_this_machine_alone_need_no_sign_in(address: str) -> None:
    assert is_loopback(address)
    check_address(address, None)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.4", "workbench.example.org", "", "127.0.0.1.evil.io"])
def test_other_addresses_are_refused_without_one(address: str, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="nobody would have to sign in") as refused:
        check_address(address, None)
    assert "secrets.toml" in refused.value.remedy
    check_address(address, SignIn(tmp_path, "workbench.example.org", ("*",)))


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "ann@example.com"}, "ann@example.com"),
        ({"email": "Ann@Example.COM", "email_verified": True}, "Ann@Example.COM"),
        ({"email": "bob@example.org", "email_verified": "true"}, "bob@example.org"),
        # Another domain, one that only ends alike, and an address that the provider has not verified.
        ({"email": "bob@example.com"}, None),
        ({"email": "eve@evilexample.org"}, None),
        ({"email": "eve@example.org.evil.io"}, None),
        ({"email": "ann@example.com", "email_verified": False}, None),
        ({"email": "ann@example.com", "email_verified": "false"}, None),
        # Only an address is compared with the list: names can be chosen freely.
        ({"preferred_username": "ann@example.com"}, None),
        ({}, None),
    ],
)
def test_only_those_on_the_list_come_in(claims: dict[str, object], name: str | None) -> None:
    assert may_enter(claims, ("ann@example.com", "@example.org")) == name


def test_anyone_whom_the_provider_knows_comes_in_where_the_list_says_so() -> None:
    assert may_enter({"sub": "42"}, ("*",)) == "42"
    assert may_enter({"sub": "42", "preferred_username": "ann"}, ("*",)) == "ann"
    assert may_enter({"sub": "42"}, ()) is None
    assert may_enter({}, ("*",)) is None


def test_the_launcher_refuses_before_it_starts_anything(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(launcher.subprocess, "Popen", None)
    with pytest.raises(CurationError, match=r"listen on 0\.0\.0\.0"):
        launch(tmp_path, host="0.0.0.0", open_browser=False)
    write(home, ALLOW + auth())
    with pytest.raises(CurationError, match="one project"):
        launch(None, open_browser=False)


def test_what_is_started_knows_of_the_sign_in_only_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIGN_IN_VARIABLE, "left over")
    assert SIGN_IN_VARIABLE not in app_environment(tmp_path)
    assert not [flag for flag in app_command(8700) if "secrets" in flag]
    sign_in = SignIn(tmp_path / SECRETS, "workbench.example.org", ("*",))
    command = app_command(8700, "0.0.0.0", sign_in)
    assert "--server.address=0.0.0.0" in command
    assert "--server.allowedHosts=workbench.example.org" in command
    assert f"--secrets.files={sign_in.secrets}" in command
    assert app_environment(tmp_path, sign_in)[SIGN_IN_VARIABLE] == str(sign_in.secrets)
