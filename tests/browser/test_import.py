"""Import: files are uploaded, lines that cannot be read come back as a file, and a running import is cancelled."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE
from workbench.project import Project

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

GOOD = json.dumps({"prompt": "cafe\u0301?", "completion": "yes"})
BAD = ["{broken", '{"prompt": "no answer"}', "=cmd|' /C calc'!A0"]
MANY = 150_000


@pytest.fixture(scope="module")
def url(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("import") / "project"
    Project.create(folder).close()
    return serve(folder)


def test_unread_lines_are_downloaded_as_they_stood_and_a_text_is_normalised_when_asked(
    page: Page, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "tickets.jsonl"
    path.write_text("".join(f"{line}\n" for line in [GOOD, *BAD]), "utf-8")
    page.goto(f"{url}/import")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_label("Normalise", exact=True).click()
    page.get_by_role("option", name="Unicode").click()
    page.keyboard.press("Escape")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("1 lines were normalised: unicode (line 1).")).to_be_visible()
    page.get_by_role("button", name="Import 1 file").click()
    expect(main.get_by_text("1 line read, 1 of them new; 3 lines could not be read.")).to_be_visible()
    expect(main.get_by_text("tickets.jsonl: 1 lines were normalised: unicode (line 1).")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download them as JSON Lines").click()
    rows = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
    assert download.value.suggested_filename == "rejected.jsonl"
    assert [(row["line"], row["raw"]) for row in rows] == list(enumerate(BAD, start=2))
    assert all(row["reason"] and row["remedy"] and row["file"] == "tickets.jsonl" for row in rows)


def test_a_running_import_is_cancelled(page: Page, url: str, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    # Lines that no two are written alike are read one by one, which takes long enough to press Cancel.
    path.write_text(
        "".join(
            json.dumps({"prompt": f"{n}?", "completion": "A", f"c{n % 997}": {"n": n}}) + "\n" for n in range(MANY)
        ),
        "utf-8",
    )
    page.goto(f"{url}/import")
    page.get_by_role("tab", name="Path on this machine").click()
    page.get_by_label("Paths of files or folders, one a line").fill(str(path))
    page.get_by_label("Paths of files or folders, one a line").press("Control+Enter")
    page.get_by_role("button", name="Import 1 file").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. What was finished before is kept.")).to_be_visible()
    page.goto(f"{url}/browse")
    expect(page.get_by_text("1 example · As imported", exact=True)).to_be_visible()
