"""Sending to the Hub: a plan asks nobody, what is listed is sent, and nothing goes where others would see it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.errors import CurationError
from pipelines.handoff.push import PushPlan, check_name, plan_push, push

TOKEN = "hf_secret_of_a_test"


class FakeHub:
    """Keeps what is created and uploaded; `there` are repositories that exist, with their privacy."""

    def __init__(self, there: dict[str, bool] | None = None, fails: Exception | None = None) -> None:
        self.there, self.fails = there or {}, fails
        self.sent: dict[str, bytes] = {}

    def create_repo(self, name: str, *, private: bool, repo_type: str, exist_ok: bool) -> str:
        if self.fails is not None:
            raise self.fails
        assert repo_type == "model"
        assert exist_ok
        self.there.setdefault(name, private)
        return f"https://hub.example/{name}"

    def repo_info(self, name: str, *, repo_type: str) -> Any:
        return SimpleNamespace(private=self.there[name])

    def upload_folder(
        self, *, repo_id: str, repo_type: str, folder_path: str, allow_patterns: list[str], commit_message: str
    ) -> None:
        assert repo_id in self.there
        self.sent = {name: (Path(folder_path) / name).read_bytes() for name in allow_patterns}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out" / "adapter").mkdir(parents=True)
    (tmp_path / "out" / "README.md").write_bytes(b"card")
    (tmp_path / "out" / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
    (tmp_path / "elsewhere.txt").write_bytes(b"no part of it")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere.txt")
    return tmp_path / "out"


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def test_a_plan_lists_files_and_sizes_and_follows_no_link(folder: Path) -> None:
    plan = plan_push(folder, "me/model", private=True)
    assert plan == PushPlan("me/model", True, {"README.md": 4, "adapter/adapter_model.safetensors": 7})
    assert plan.size == 11


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("private", [True, False])
def test_what_is_sent_is_what_was_listed(folder: Path, private: bool) -> None:
    hub, plan = FakeHub(), plan_push(folder, "me/model", private=private)
    (folder / "later.txt").write_text("came after the plan")
    assert push(folder, plan, api=hub) == "https://hub.example/me/model"
    assert hub.sent == {"README.md": b"card", "adapter/adapter_model.safetensors": b"weights"}
    assert hub.there == {"me/model": private}


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("private", [True, False])
def test_a_repository_that_others_see_differently_gets_nothing(folder: Path, private: bool) -> None:
    hub = FakeHub({"me/model": not private})
    with pytest.raises(CurationError, match="there already and"):
        push(folder, plan_push(folder, "me/model", private=private), api=hub)
    assert hub.sent == {}


def test_without_a_token_nobody_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    hub = FakeHub(fails=AssertionError("asked"))
    with pytest.raises(CurationError, match="no token") as caught:
        push(folder, plan_push(folder, "me/model", private=False), api=hub)
    assert "hf auth login" in caught.value.remedy


@pytest.mark.usefixtures("logged_in")
def test_a_refusal_is_told_without_the_token(folder: Path) -> None:
    hub = FakeHub(fails=OSError(f"401 for Bearer {TOKEN}"))
    with pytest.raises(CurationError, match="401 for Bearer") as caught:
        push(folder, plan_push(folder, "me/model", private=False), api=hub)
    assert TOKEN not in str(caught.value) + caught.value.message + caught.value.remedy


@pytest.mark.parametrize("name", ["", "a/b/c", "me/mo del", "../me", "me/model.git"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(CurationError, match="no name on the Hub"):
        check_name(name)
