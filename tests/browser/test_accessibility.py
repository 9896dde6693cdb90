"""Every page in light and dark colours, with no and with little data: names, labels, contrast and focus.

A project that went the whole way is looked at by the last test of `test_loop.py`, where there is one.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import unseen_focus, violations
from tests.browser.conftest import PATIENCE, support_rows, write_rows
from workbench.app.navigation import PAGE_ENTRIES
from workbench.project import Project

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def addresses(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The app on no project, on an empty one, and on one with a few examples and lines that could not be read."""
    folder = tmp_path_factory.mktemp("projects")
    Project.create(folder / "empty").close()
    with Project.create(folder / "little") as project:
        rows = [*support_rows(24), "{broken", {"frage": "Was?", "antwort": "Das."}]
        project.importing.import_files([write_rows(folder / "tickets.jsonl", rows)])
        project.curation.curate(["duplicates", "quality", "personal-data"])
    return {"none": serve(None), "empty": serve(folder / "empty"), "little": serve(folder / "little")}


def open_page(page: Page, url: str, name: str) -> None:
    """Go to a page and wait until it is drawn."""
    page.goto(f"{url}/{'' if name == PAGE_ENTRIES[0].name else name}")
    expect(page.get_by_test_id("stMain").locator("h1, h2").first).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["none", "empty", "little"])
def test_every_page_can_be_read_and_used_by_everybody(
    new_page: Callable[..., Page], addresses: dict[str, str], state: str, scheme: str
) -> None:
    page = new_page(scheme)
    found = {}
    for entry in PAGE_ENTRIES if state != "none" else PAGE_ENTRIES[:2]:
        open_page(page, addresses[state], entry.name)
        found[entry.name] = violations(page)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("name", ["import", "review", "quality"])
def test_the_place_of_the_keyboard_is_always_seen(page: Page, addresses: dict[str, str], name: str) -> None:
    open_page(page, addresses["little"], name)
    unseen, places = unseen_focus(page, 40)
    assert unseen == []
    assert places > 15
