"""The rating card: every choice by keys, a note, a skip and an undo, nothing lost, no name on it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import EVALUATION, PATIENCE, answered_project

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

VARIANTS = ["base", "tuned-curated"]
SAVED = ".saved[data-unsaved='0']"


@pytest.fixture(scope="module")
def url(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The app on a project whose two variants have answered, with pairs drawn for two raters."""
    place = tmp_path_factory.mktemp("rating")
    with answered_project(place / "project", VARIANTS) as project:
        for rater in ("ada", "ben"):
            project.rating.begin(EVALUATION, *VARIANTS, rater, 12)
    return serve(place / "project")


def open_card(page: Page, url: str, rater: str) -> None:
    page.goto(f"{url}/rate")
    page.get_by_label("Your name", exact=True).fill(rater)
    page.get_by_label("Your name", exact=True).press("Enter")
    expect(page.get_by_text(f"drawn for {rater}")).to_be_visible()
    # The field with the name keeps the keys for as long as it has the focus.
    page.locator(".root[data-pair] .place").click()


def shown(page: Page) -> str | None:
    return page.locator(".root[data-pair]").get_attribute("data-pair")


def test_pairs_are_rated_noted_skipped_and_taken_back_by_keys(page: Page, url: str) -> None:
    open_card(page, url, "ada")
    first = shown(page)
    assert not any(variant in page.locator(".root[data-pair]").inner_text() for variant in VARIANTS)
    expect(page.locator(".place")).to_have_text("Pair 1 of 12")
    expect(page.get_by_label("Left answer")).to_contain_text("<b>")
    page.keyboard.press("n")
    page.keyboard.type("1 and 2 alike")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("details.reference")).to_have_attribute("open", "")
    page.keyboard.press("1")
    expect(page.locator(".place")).to_have_text("Pair 2 of 12")
    expect(page.get_by_label("Note on this pair")).to_have_value("")
    page.keyboard.press("s")
    expect(page.locator(".place")).to_have_text("Pair 3 of 12")
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(page.locator(".place")).to_have_text("Pair 3 of 12")
    # What is pressed a moment after the dialog was closed, while the focus is still in it, is meant for the card.
    page.get_by_role("dialog", name="Keys", include_hidden=True).get_by_role(
        "button", name="Close", include_hidden=True
    ).evaluate("(node) => node.dispatchEvent(new KeyboardEvent('keydown', {key: 'u', bubbles: true, composed: true}))")
    expect(page.locator(".place")).to_have_text("Pair 2 of 12")
    page.keyboard.press("u")
    expect(page.locator(".place")).to_have_text("Pair 1 of 12")
    assert shown(page) == first
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("There is nothing to take back.").first).to_be_visible()


def test_a_burst_of_choices_is_stored_and_the_last_can_be_taken_back_after_a_reload(page: Page, url: str) -> None:
    open_card(page, url, "ben")
    for number in range(8):
        page.keyboard.press(str(number % 4 + 1))
    expect(page.locator(".place")).to_have_text("Pair 9 of 12")
    expect(page.locator(SAVED)).to_be_visible()
    open_card(page, url, "ben")
    expect(page.locator(".place")).to_have_text("Pair 9 of 12")
    page.keyboard.press("u")
    expect(page.locator(".place")).to_have_text("Pair 8 of 12")
    expect(page.locator(SAVED)).to_be_visible()
    open_card(page, url, "ben")
    expect(page.locator(".place")).to_have_text("Pair 8 of 12")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_card_can_be_read_and_used_by_everybody(new_page: Callable[..., Page], url: str, scheme: str) -> None:
    page = new_page(scheme)
    open_card(page, url, "ada")
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    assert violations(page) == []
