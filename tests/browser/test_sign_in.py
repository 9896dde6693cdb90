"""A team's app: nothing is shown before a sign-in, decisions carry its name, and only those on the list come in."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, support_rows, write_rows
from tests.browser.identity_provider import CLIENT, IdentityProvider
from workbench.app.navigation import PAGE_ENTRIES
from workbench.app.sign_in import SECRETS, find_sign_in
from workbench.project import Project

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    started = IdentityProvider()
    yield started
    started.close()


@pytest.fixture(scope="module")
def shared(serve: Callable[..., str], provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A served project that asks for a sign-in."""
    folder = tmp_path_factory.mktemp("shared") / "project"
    with Project.create(folder) as project:
        project.importing.import_files([write_rows(folder.parent / "tickets.jsonl", support_rows(12))])
    secrets = folder / SECRETS
    secrets.parent.mkdir()
    secrets.write_text(
        f"""
[workbench]
allow = ["@example.com"]

[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "{"k" * 40}"
client_id = "{CLIENT}"
client_secret = "secret"
server_metadata_url = "{provider.url}/.well-known/openid-configuration"
""",
        "utf-8",
    )
    return serve(folder, find_sign_in(folder))


def main_text(page: Page) -> str:
    return page.get_by_test_id("stApp").inner_text()


def test_every_address_shows_the_door_and_nothing_of_the_project(page: Page, shared: str) -> None:
    for name in ("", *(entry.name for entry in PAGE_ENTRIES[1:3])):
        page.goto(f"{shared}/{name}")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert "project" not in main_text(page).lower()
        assert page.get_by_test_id("stSidebarNavItems").count() == 0


def test_who_signs_in_reviews_under_that_name(page: Page, shared: str, provider: IdentityProvider) -> None:
    provider.person = {"email": "ann@example.com", "email_verified": True, "name": "Ann"}
    page.goto(shared)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("project")
    expect(page.get_by_text("ann@example.com")).to_be_visible()
    assert page.get_by_label("Your name").count() == 0
    # One project, and none of the machine's other files.
    assert page.get_by_text("Open another project").count() == 0
    page.goto(f"{shared}/import")
    expect(page.locator("h1")).to_have_text("Import")
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_be_visible()
    assert page.get_by_text("Path on this machine").count() == 0
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    "person",
    [{"email": "eve@elsewhere.example"}, {"email": "ann@example.com", "email_verified": False}, {"name": "Ann"}],
    ids=["another domain", "not verified", "no address"],
)
def test_who_is_not_on_the_list_stays_outside(
    page: Page, shared: str, provider: IdentityProvider, person: dict[str, object]
) -> None:
    provider.person = person
    page.goto(shared)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("you are not among those")).to_be_visible()
    assert page.get_by_test_id("stSidebarNavItems").count() == 0
