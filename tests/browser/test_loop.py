"""The whole loop as a person goes it, on one project: each test goes on where the one before stopped."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PATIENCE, support_rows, write_rows
from workbench.app.navigation import PAGE_ENTRIES

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

PRODUCTION = ["Can I pay the {} by invoice?", "My card was refused for the {}", "Where is the {} that I ordered?"]


@dataclass(frozen=True)
class Loop:
    """The server and the files that the loop starts from."""

    url: str
    folder: Path
    train: Path
    production: Path


@pytest.fixture(scope="module")
def loop(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Loop:
    folder = tmp_path_factory.mktemp("loop")
    train = write_rows(folder / "tickets.jsonl", [*support_rows(90), "{broken"])
    asked = [{"prompt": PRODUCTION[n % 3].format(f"thing {n}")} for n in range(60)]
    return Loop(serve(None), folder / "project", train, write_rows(folder / "asked.jsonl", asked))


def go(page: Page, loop: Loop, name: str) -> None:
    page.goto(f"{loop.url}/{name}")
    # By role: on a page with a field for messages at its end, Streamlit's main part has another test id.
    expect(page.get_by_role("main").locator("h1")).to_be_visible()


def press(page: Page, label: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=label, exact=isinstance(label, str)).first.click()


def said(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_test_id("stMain").get_by_text(words).first).to_be_visible()


def test_a_project_is_made_and_survives_a_reload(page: Page, loop: Loop) -> None:
    page.goto(loop.url)
    page.get_by_label("New folder", exact=True).fill(str(loop.folder))
    press(page, "Create the project")
    expect(page.locator("h1")).to_have_text("project")
    page.reload()
    expect(page.locator("h1")).to_have_text("project")


def test_files_are_uploaded_previewed_and_imported(page: Page, loop: Loop) -> None:
    go(page, loop, "import")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(loop.train))
    said(page, "First rows")
    expect(page.get_by_label("user message").first).to_contain_text("the lamp")
    press(page, "Import 1 file")
    said(page, "96 lines read, 96 of them new; 1 line could not be read.")
    go(page, loop, "import")
    page.get_by_text("Production queries", exact=True).click()
    page.get_by_role("tab", name="Path on this machine").click()
    page.get_by_label("Paths of files or folders, one a line", exact=True).fill(str(loop.production))
    page.get_by_label("Paths of files or folders, one a line", exact=True).press("Control+Enter")
    press(page, "Import 1 file")
    said(page, "60 lines read, 60 of them new; 0 lines could not be read.")


def test_the_stages_run_and_show_their_progress(page: Page, loop: Loop) -> None:
    go(page, loop, "quality")
    press(page, "Run the stages")
    said(page, re.compile("Of the undecided examples"))


def test_examples_are_reviewed_by_keys(page: Page, loop: Loop) -> None:
    go(page, loop, "review")
    card = page.locator(".root[data-example]")
    decided = {}
    for key, state in (("k", "kept"), ("d", "dropped"), ("f", "flagged")):
        expect(card).to_be_visible()
        decided[card.get_attribute("data-example")] = state
        page.keyboard.press(key)
    expect(page.locator(".place")).to_contain_text("4 of ")
    expect(page.locator(".saved")).to_have_attribute("data-unsaved", "0")
    assert len(decided) == 3
    page.reload()
    expect(page.locator(".place")).to_contain_text("1 of ")
    assert card.get_attribute("data-example") not in decided


def test_duplicates_show_what_differs_and_one_is_chosen(page: Page, loop: Loop) -> None:
    go(page, loop, "duplicates")
    expect(page.locator("ins, del").first).to_contain_text("Please")
    page.get_by_role("button", name="Keep only this one").nth(1).click()
    expect(page.get_by_text("Kept this one, dropped the others.").first).to_be_visible()


def test_the_map_is_drawn_and_a_lasso_leads_to_review(page: Page, loop: Loop) -> None:
    go(page, loop, "coverage")
    expect(page.locator(".root[data-drawn]")).to_have_attribute("data-drawn", re.compile(r"^1[0-9]{2}$"))
    press(page, "Lasso")
    box = page.get_by_role("img", name=re.compile("Map of prompts")).bounding_box()
    assert box is not None
    left, top, right, bottom = box["x"] + 4, box["y"] + 4, box["x"] + box["width"] - 4, box["y"] + box["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    said(page, "inside the lasso")
    press(page, "Review the training examples among them")
    said(page, re.compile("points from the map"))
    expect(page.locator(".place")).to_contain_text("1 of ")


def test_suggestions_are_applied_and_taken_back(page: Page, loop: Loop) -> None:
    go(page, loop, "quality")
    press(page, re.compile("Apply to"))
    said(page, "All suggestions are applied.")
    press(page, "Undo")
    said(page, re.compile("Of the undecided examples"))
    press(page, re.compile("Apply to"))
    said(page, "All suggestions are applied.")


def test_the_kept_examples_are_split_and_exported(page: Page, loop: Loop) -> None:
    go(page, loop, "split")
    press(page, re.compile("^Split [0-9]+ examples"))
    said(page, re.compile("The test split is sealed"))
    press(page, "Write the files")
    said(page, re.compile("^Written to"))
    lines = (loop.folder / "exports" / "chat" / "train.jsonl").read_text("utf-8").splitlines()
    assert len(lines) > 20
    assert set(json.loads(lines[0])) == {"messages"}


def test_a_run_shows_its_loss_is_cancelled_and_resumed(page: Page, loop: Loop) -> None:
    go(page, loop, "train")
    page.get_by_label("Epochs", exact=True).fill("200")
    page.get_by_label("Epochs", exact=True).press("Enter")
    press(page, "Start training")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    press(page, re.compile("Cancel"))
    said(page, "cancelled")
    step = _steps(loop)
    press(page, re.compile("Resume"))
    said(page, "running")
    for _ in range(PATIENCE // 500):
        if _steps(loop) > step:
            break
        page.wait_for_timeout(500)
    press(page, re.compile("Cancel"))
    said(page, "cancelled")
    assert _steps(loop) > step


def _steps(loop: Loop) -> int:
    lines = (loop.folder / "runs" / "run-0001" / "metrics.jsonl").read_bytes().split(b"\n")[:-1]
    return max(json.loads(line)["step"] for line in lines)


def test_variants_answer_and_are_rated_blind(page: Page, loop: Loop) -> None:
    go(page, loop, "compare")
    page.get_by_label("Examples, at most", exact=True).fill("8")
    page.get_by_label("Examples, at most", exact=True).press("Enter")
    press(page, "Let them answer")
    said(page, "Verdict")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()

    go(page, loop, "rate")
    press(page, "Begin")
    pair = page.locator(".root[data-pair]")
    expect(pair).to_be_visible()
    words = page.get_by_test_id("stMain").inner_text() + pair.inner_text()
    assert "tuned-curated" not in pair.inner_text()
    assert "of" in words
    first = pair.get_attribute("data-pair")
    page.keyboard.press("1")
    # How many pairs are left depends on how many answers differ; the one that was rated is gone in any case.
    expect(page.locator(f'.root[data-pair="{first}"]')).to_have_count(0)
    if pair.count():
        page.keyboard.press("t")
    expect(page.locator(".saved")).to_have_attribute("data-unsaved", "0")

    go(page, loop, "compare")
    page.get_by_role("tab", name="Ratings").click()
    expect(page.get_by_role("tabpanel", name="Ratings").get_by_test_id("stDataFrame").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_the_whole_project_can_be_read_and_used_by_everybody(
    new_page: Callable[..., Page], loop: Loop, scheme: str
) -> None:
    page = new_page(scheme)
    found = {}
    for entry in PAGE_ENTRIES:
        go(page, loop, "" if entry.name == "overview" else entry.name)
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        found[entry.name] = violations(page)
    assert {name: lines for name, lines in found.items() if lines} == {}
