"""The rubric card: every score by keys, nothing lost or said of another answer, no name on it."""

import re
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
    """The app on a project whose two variants have answered, with answers drawn for two raters."""
    place = tmp_path_factory.mktemp("rubric")
    with answered_project(place / "project", VARIANTS) as project:
        for rater in ("ada", "ben"):
            project.rubric.begin(EVALUATION, VARIANTS, rater, 12)
    return serve(place / "project")


def open_card(page: Page, url: str, rater: str) -> None:
    page.goto(f"{url}/rate")
    page.get_by_label("Your name", exact=True).fill(rater)
    page.get_by_label("Your name", exact=True).press("Enter")
    page.get_by_text("One answer: how good on each criterion").click()
    expect(page.locator(".root[data-answer]")).to_be_visible()


def shown(page: Page) -> str | None:
    return page.locator(".root[data-answer]").get_attribute("data-answer")


def current(page: Page) -> str:
    return page.locator(".criterion.current .name").inner_text()


def test_an_answer_is_scored_by_keys_and_the_next_one_comes(page: Page, url: str) -> None:
    open_card(page, url, "ada")
    first = shown(page)
    assert not any(variant in page.locator(".root[data-answer]").inner_text() for variant in VARIANTS)
    expect(page.locator(".answer")).to_contain_text("<b>")
    expect(page.locator(".place")).to_have_text("Answer 1 of 25")
    assert current(page).lower() == "helpfulness"
    page.keyboard.press("4")
    assert current(page).lower() == "policy compliance"
    page.keyboard.press("2")
    page.keyboard.press("b")
    assert current(page).lower() == "policy compliance"
    page.keyboard.press("5")
    assert current(page).lower() == "factual accuracy"
    expect(page.get_by_role("button", name=re.compile("^policy compliance, 5:"))).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("n")
    page.keyboard.type("123 sounds well")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("details.reference")).to_have_attribute("open", "")
    page.keyboard.press("3")
    page.keyboard.press("3")
    expect(page.locator(".place")).to_have_text("Answer 2 of 25")
    assert shown(page) != first
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator(".place")).to_have_text("Answer 1 of 25")
    assert shown(page) == first
    assert page.locator(".values .chosen").count() == 0
    page.keyboard.press("s")
    expect(page.locator(".place")).to_have_text("Answer 2 of 25")
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.press("?")
    assert current(page).lower() == "helpfulness"


def test_a_burst_of_presses_is_stored_and_what_was_rated_last_can_be_taken_back_after_a_reload(
    page: Page, url: str
) -> None:
    open_card(page, url, "ben")
    for number in range(32):
        page.keyboard.press(str(number % 5 + 1))
    expect(page.locator(".place")).to_have_text("Answer 9 of 25")
    expect(page.locator(SAVED)).to_be_visible()
    ninth = shown(page)
    open_card(page, url, "ben")
    expect(page.locator(".place")).to_have_text("Answer 9 of 25")
    assert shown(page) == ninth
    page.keyboard.press("u")
    expect(page.locator(".place")).to_have_text("Answer 8 of 25")
    expect(page.locator(SAVED)).to_be_visible()
    open_card(page, url, "ben")
    expect(page.locator(".place")).to_have_text("Answer 8 of 25")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_card_can_be_read_and_used_by_everybody(new_page: Callable[..., Page], url: str, scheme: str) -> None:
    page = new_page(scheme)
    open_card(page, url, "ada")
    page.keyboard.press("2")
    assert violations(page) == []
