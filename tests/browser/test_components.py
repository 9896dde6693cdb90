"""The components: no press is lost or lands elsewhere, hostile text stays text, unsaved decisions survive a reload."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages import components
from tests.browser.conftest import HOSTILE_ANSWER, HOSTILE_PROMPT, PATIENCE, support_rows, write_rows
from workbench.project import Project

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

# Whatever the filter selects, decided by a test before or not.
EVERYTHING = "?queue=filter"
SAVED = ".saved[data-unsaved='0']"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with imported examples and nothing else."""
    place = tmp_path_factory.mktemp("components")
    with Project.create(place / "project") as project:
        project.importing.import_files([write_rows(place / "tickets.jsonl", support_rows(150))])
    return place / "project"


@pytest.fixture(scope="module")
def url(serve: Callable[..., str], folder: Path) -> str:
    return serve(folder)


def open_review(page: Page, url: str, queue: str = "") -> None:
    page.goto(f"{url}/review{queue}")
    expect(page.locator(".root[data-example]")).to_be_visible()


def shown(page: Page) -> str | None:
    return page.locator(".root[data-example]").get_attribute("data-example")


def test_a_burst_of_presses_is_stored_press_by_press_on_what_was_shown(page: Page, url: str) -> None:
    open_review(page, url)
    decided = []
    for number in range(40):
        decided.append((shown(page), "kd"[number % 2]))
        page.keyboard.press("kd"[number % 2])
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator(".head .badge")).to_have_text("kept")
    assert len({example for example, _ in decided}) == 40
    assert shown(page) == decided[38][0]


def test_what_was_decided_is_there_after_a_reload(page: Page, url: str) -> None:
    open_review(page, url)
    total = int(page.locator(".place").inner_text().split(" of ")[1])
    page.keyboard.press("f")
    page.keyboard.press("f")
    expect(page.locator(SAVED)).to_be_visible()
    page.reload()
    expect(page.locator(".place")).to_have_text(f"1 of {total - 2}")


def test_keys_do_nothing_while_somebody_types(page: Page, url: str) -> None:
    open_review(page, url)
    before = shown(page)
    page.get_by_label("Contains", exact=True).click()
    page.keyboard.type("kdf")
    assert shown(page) == before


def test_a_filter_that_is_set_as_the_card_sends_is_drawn(page: Page, url: str) -> None:
    open_review(page, url, EVERYTHING)
    field = page.get_by_label("Contains", exact=True)
    field.fill("onerror")
    # Both in one go, so that the browser gathers them into one message, in which the card stands first.
    field.evaluate(
        "(field) => { document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.reviewCard.send();"
        " field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 13, bubbles: true })); }"
    )
    expect(page.locator(".place")).to_have_text("1 of 1")
    expect(page).to_have_url(re.compile(r"[?&]q=onerror(&|$)"))


def test_an_edit_in_place_makes_a_new_example_and_escape_gives_it_up(page: Page, url: str) -> None:
    open_review(page, url)
    before = shown(page)
    page.keyboard.press("e")
    page.keyboard.type(" never mind")
    page.keyboard.press("Escape")
    assert shown(page) == before
    page.keyboard.press("e")
    page.keyboard.type(" And thank you.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator(".head .badge")).to_have_text("edited")
    expect(page.get_by_label("assistant message")).to_contain_text("And thank you.")
    page.get_by_label("State", exact=True).click()
    page.get_by_role("option", name="kept", exact=True).click()
    page.get_by_label("Contains", exact=True).fill("And thank you")
    page.get_by_label("Contains", exact=True).press("Enter")
    expect(page.locator(".place")).to_have_text("1 of 1")


def test_hostile_text_is_shown_letter_by_letter(page: Page, url: str) -> None:
    page.goto(f"{url}/review{EVERYTHING}")
    page.get_by_label("Contains", exact=True).fill("onerror")
    page.get_by_label("Contains", exact=True).press("Enter")
    expect(page.locator(".place")).to_have_text("1 of 1")
    expect(page.get_by_label("user message")).to_contain_text(HOSTILE_PROMPT)
    expect(page.get_by_label("assistant message")).to_contain_text(HOSTILE_ANSWER)


def test_unsaved_decisions_are_kept_while_the_server_is_away(new_page: Callable[..., Page], url: str) -> None:
    page = new_page("dark")
    open_review(page, url)
    page.evaluate(
        "() => { const log = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.reviewCard.log;"
        " log.transmit = () => {}; }"
    )
    page.keyboard.press("k")
    expect(page.locator(".saved")).to_have_text("1 not saved yet")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator(SAVED)).to_be_visible()


def test_an_update_that_a_newer_one_overtook_leaves_the_card_its_keys(page: Page) -> None:
    """Streamlit takes the older call back while the newer one is on the page; only what has gone is taken down."""
    folder = Path(components.__file__).parent
    parts = re.findall(r'"((?:parts/)?\w+\.js)"', (folder / "rating_card.py").read_text("utf-8"))
    script = "\n".join((folder / name).read_text("utf-8") for name in parts)
    page.set_content("<div id=host><div class=root>card</div></div>")
    page.evaluate(
        """async (script) => {
          const made = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
          window.sent = [];
          const items = [1, 2, 3, 4].map((n) => ({ comparison_id: `c${n}`, prompt: [], left: "a", right: "b",
            reference: "", position: n }));
          const data = { queue: "q", rater: "ann", last: null, items, acknowledged: {}, total: 4 };
          const call = () => made.default({ parentElement: document.getElementById("host"), data,
            setTriggerValue: (name, value) => window.sent.push(...value.events.map((event) => event.comparison_id)) });
          const first = call();
          window.second = call();
          first();
        }""",
        script,
    )
    page.keyboard.press("1")
    assert page.evaluate("() => [...new Set(window.sent)]") == ["c1"]
    page.evaluate("() => { document.getElementById('host').remove(); window.second(); window.sent = []; }")
    page.keyboard.press("1")
    assert page.evaluate("() => window.sent") == []
