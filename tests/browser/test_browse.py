"""Browse: what is searched for stands in the address, and what is done to many at once is counted and taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, support_rows, write_rows
from workbench.project import Project

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

ROWS = support_rows(54)
LAMPS = sum("lamp" in str(row) for row in ROWS)


@dataclass(frozen=True)
class Place:
    """The server and the project behind it."""

    url: str
    folder: Path


@pytest.fixture(scope="module")
def place(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("browse")
    with Project.create(folder / "project") as project:
        project.importing.import_files([write_rows(folder / "tickets.jsonl", ROWS)])
    return Place(serve(folder / "project"), folder / "project")


def search(page: Page, words: str) -> None:
    page.get_by_label("Contains", exact=True).fill(words)
    page.get_by_label("Contains", exact=True).press("Enter")


def counts(page: Page, count: int) -> None:
    """Expect the line over the table, or what stands in the place of both where no example is selected."""
    words = f"{count} examples · As imported" if count else "No example is like this."
    expect(page.get_by_test_id("stMain").get_by_text(words, exact=True)).to_be_visible()


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()


def test_a_search_stands_in_the_address_which_shows_the_same_to_a_colleague(
    new_page: Callable[..., Page], place: Place
) -> None:
    page = new_page()
    page.goto(f"{place.url}/browse")
    counts(page, len(ROWS))
    assert 0 < LAMPS < len(ROWS)
    search(page, "lamp")
    counts(page, LAMPS)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    query = page.url.partition("?")[2]
    assert "lamp" in query
    colleague = new_page("dark")
    colleague.goto(f"{place.url}/browse?{query}")
    counts(colleague, LAMPS)
    expect(colleague.get_by_label("Contains", exact=True)).to_have_value("lamp")
    colleague.goto(f"{place.url}/review?{query}")
    expect(colleague.locator(".place")).to_have_text(f"1 of {LAMPS}")
    expect(colleague.get_by_label("user message")).to_contain_text("lamp")


def test_a_decision_about_all_that_the_filter_selects_is_counted_and_taken_back_as_one(
    page: Page, place: Place
) -> None:
    page.goto(f"{place.url}/browse")
    search(page, "lamp")
    counts(page, LAMPS)
    page.get_by_text("Decide", exact=True).click()
    page.get_by_label("Why (optional)", exact=True).fill("no lamps")
    page.get_by_label("Why (optional)", exact=True).press("Enter")
    press(page, f"Drop {LAMPS}")
    expect(page.get_by_test_id("stToast")).to_contain_text(f"Drop: {LAMPS} examples.")
    page.goto(f"{place.url}/browse?state=dropped")
    counts(page, LAMPS)
    press(page, "Undo my last step")
    expect(page.get_by_test_id("stToast")).to_contain_text(f"Taken back, for {LAMPS} examples.")
    counts(page, 0)


def test_find_and_replace_shows_what_changes_changes_it_and_is_taken_back(page: Page, place: Place) -> None:
    page.goto(f"{place.url}/browse")
    counts(page, len(ROWS))
    page.get_by_text("Find and replace", exact=True).click()
    page.get_by_label("Find", exact=True).fill("lamp")
    page.get_by_label("Replace by", exact=True).fill("lantern")
    press(page, "Show what changes")
    expect(page.get_by_text(f"Changes {LAMPS} examples of {len(ROWS)} that the filter selects.")).to_be_visible()
    expect(page.locator("ins").first).to_contain_text("lantern")
    expect(page.locator("del").first).to_contain_text("lamp")
    press(page, f"Replace in {LAMPS}")
    expect(page.get_by_test_id("stToast")).to_contain_text(f"Replaced in {LAMPS} examples.")
    expect(page.get_by_text(f"Changes 0 examples of {len(ROWS)} that the filter selects.")).to_be_visible()
    search(page, "lantern")
    counts(page, LAMPS)
    press(page, "Undo my last step")
    expect(page.get_by_test_id("stToast").filter(has_text="Taken back")).to_contain_text(
        f"Taken back, for {LAMPS} examples."
    )
    counts(page, 0)
    search(page, "lamp")
    counts(page, LAMPS)
