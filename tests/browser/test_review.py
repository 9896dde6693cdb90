"""Review by several people and tabs at once, and with a server that dies: nothing is lost or given out twice."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, free_port, wait_for
from workbench.app.launcher import ADDRESS, app_command, app_environment
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.leases import overlap_bound

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

SAVED = ".saved[data-unsaved='0']"
SHARE = 0.2
STATE = {"k": "kept", "d": "dropped"}
CALL = {"id": "c1", "type": "function", "function": {"name": "find_order", "arguments": '{"number": 7, "open": true}'}}
TALK = [
    {"role": "system", "content": "You are the desk."},
    {"role": "user", "content": "Where is order 7? Use `find`:\n```python\nfind(7)\n```\nThanks."},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": '{"state": "sent"}'},
    {"role": "assistant", "content": '{"answer": "On its way", "state": sent}'},
]


def make_project(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with Project.create(folder / "project") as project:
        project.importing.import_files([path])
        project.queues.set_overlap(SHARE, "lead")
    return folder / "project"


def pairs(count: int) -> list[dict[str, object]]:
    return [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(count)]


@pytest.fixture
def reviewers(browser: Browser) -> Iterator[Callable[[str, str], Page]]:
    """Return a function that opens the review page in a browser of its own under a name."""
    contexts = []

    def start(url: str, name: str) -> Page:
        context = browser.new_context(viewport={"width": 1360, "height": 900})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        page.get_by_label("Your name", exact=True).fill(name)
        page.get_by_label("Your name", exact=True).press("Enter")
        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Review").click()
        expect(page.locator(".root[data-example]")).to_be_visible()
        return page

    yield start
    for context in contexts:
        context.close()


def shown(page: Page) -> str | None:
    return page.evaluate(
        "() => document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
        ".querySelector('.root').dataset.example ?? null"
    )


def decide_to_the_end(page: Page, key: str) -> list[str]:
    decided = []
    while (example := shown(page)) is not None:
        decided.append(example)
        page.keyboard.press(key)
        if shown(page) is None:
            # The next ones may still be on their way: then there is an example again, and no end.
            expect(page.locator(".root[data-example], .end:not(:has-text('Loading'))")).to_be_visible()
            expect(page.locator(SAVED)).to_be_visible()
    return decided


def test_two_reviewers_get_different_examples_but_for_the_overlap(
    serve: Callable[..., str], reviewers: Callable[[str, str], Page], tmp_path: Path
) -> None:
    url = serve(make_project(tmp_path, pairs(120)))
    ada, ben = reviewers(url, "ada"), reviewers(url, "ben")
    seen: dict[str, list[str]] = {"ada": [], "ben": []}
    for turn in range(30):
        for name, page, key in (("ada", ada, "k"), ("ben", ben, "kd"[turn % 2])):
            # On a busy machine the next ones may still be on their way.
            expect(page.locator(".root[data-example]")).to_be_visible()
            seen[name].append(str(shown(page)))
            page.keyboard.press(key)
    for page in (ada, ben):
        expect(page.locator(SAVED)).to_be_visible()
    seen["ada"] += decide_to_the_end(ada, "k")
    seen["ben"] += decide_to_the_end(ben, "d")
    shared = set(seen["ada"]) & set(seen["ben"])
    assert len(seen["ada"]) == len(set(seen["ada"]))
    assert shared
    assert all(example[-8:] < overlap_bound(SHARE) for example in shared)
    # What others decide is not told before one has decided oneself.
    assert ada.get_by_text("ben:").count() == 0
    assert len(set(seen["ada"]) | set(seen["ben"])) == 120


def test_the_name_is_still_there_after_a_reload_until_it_is_taken_away(
    serve: Callable[..., str], reviewers: Callable[[str, str], Page], tmp_path: Path
) -> None:
    page = reviewers(serve(make_project(tmp_path, pairs(40))), "Zoë; d'Arc")
    field = page.get_by_label("Your name", exact=True)
    page.wait_for_function("() => document.cookie.includes('workbench_reviewer')")
    page.reload()
    expect(field).to_have_value("Zoë; d'Arc")
    page.wait_for_function('() => decodeURIComponent(document.cookie).includes("Zoë; d\'Arc")')
    field.fill("")
    field.press("Enter")
    page.wait_for_function("() => !decodeURIComponent(document.cookie).includes('Arc')")
    page.reload()
    expect(page.locator(".root[data-example]")).to_be_visible()
    expect(field).to_have_value("")


def test_five_tabs_of_one_reviewer_never_show_the_same_example(
    serve: Callable[..., str], browser: Browser, tmp_path: Path
) -> None:
    url = serve(make_project(tmp_path, pairs(400)))
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    pages = [context.new_page() for _ in range(5)]
    for page in pages:
        page.goto(f"{url}/review")
        expect(page.locator(".root[data-example]")).to_be_visible()
    decided = []
    for _ in range(12):
        for page in pages:
            decided.append(shown(page))
            page.keyboard.press("k")
    for page in pages:
        expect(page.locator(SAVED)).to_be_visible()
    # A reload goes on in the same tab, where it was.
    before = shown(pages[0])
    pages[0].reload()
    expect(pages[0].locator(f".root[data-example='{before}']")).to_be_visible()
    context.close()
    assert len(set(decided)) == 60


def test_a_server_killed_in_a_burst_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    folder = make_project(tmp_path, pairs(300))
    port = free_port()
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    child = _serve(port, folder, tmp_path)
    decided: list[tuple[str | None, str]] = []
    acknowledged = 0
    for turn in range(2):
        if turn == 0:
            page.goto(f"http://{ADDRESS}:{port}/review")
            expect(page.locator(".root[data-example]")).to_be_visible()
        for number in range(20):
            decided.append((shown(page), "kd"[number % 2]))
            page.keyboard.press("kd"[number % 2])
            page.wait_for_timeout(15)
        unsaved = int(page.locator(".saved").get_attribute("data-unsaved") or 0)
        acknowledged = len(decided) - unsaved
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with Project.open(folder) as project:
            states = dict(project.store.decisions.states().rows())
        stored = [states[str(example)] for example, _ in decided[:acknowledged]]
        assert stored == [STATE[key] for _, key in decided[:acknowledged]]
        for number in range(5):
            decided.append((shown(page), "kd"[number % 2]))
            page.keyboard.press("kd"[number % 2])
        child = _serve(port, folder, tmp_path)
        expect(page.locator(SAVED)).to_be_visible()
    context.close()
    child.terminate()
    child.wait(20)
    with Project.open(folder) as project:
        states = dict(project.store.decisions.states().rows())
        assert project.tables.table("decisions").height == len(decided)
    assert len({example for example, _ in decided}) == len(decided) == 50
    assert [states[str(example)] for example, _ in decided] == [
        {"k": "kept", "d": "dropped"}[key] for _, key in decided
    ]


def _serve(port: int, folder: Path, place: Path) -> "subprocess.Popen[bytes]":
    with (place / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            app_command(port), env=app_environment(folder), cwd=place, stdout=log, stderr=subprocess.STDOUT
        )
    wait_for(port, child, place / "log.txt")
    return child


def test_a_conversation_is_shown_as_one(serve: Callable[..., str], page: Page, tmp_path: Path) -> None:
    url = serve(make_project(tmp_path, [{"messages": TALK}, *pairs(3)]))
    page.goto(f"{url}/review")
    tool_call = page.locator(".bubble.assistant .call").first
    expect(tool_call).to_contain_text("find_order")
    expect(tool_call.locator("pre")).to_have_text('{\n  "number": 7,\n  "open": true\n}')
    expect(page.locator(".bubble.user .code pre")).to_have_text("find(7)")
    expect(page.locator(".bubble.user .code .role")).to_have_text("python")
    expect(page.locator(".warning")).to_contain_text("line 1, column 35: this is no value of JSON")
    expect(page.locator("mark.fault")).to_have_text("s")
    # Edited in place: what is no plain text, and was not touched, stays.
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("Done.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator(".bubble.assistant .call")).to_contain_text("find_order")
    expect(page.locator(".bubble.assistant").last).to_contain_text("Done.")


def test_the_queue_that_is_pressed_is_the_one_that_is_shown(
    serve: Callable[..., str], page: Page, tmp_path: Path
) -> None:
    folder = make_project(tmp_path, pairs(60))
    with Project.open(folder) as project:
        ids = project.reviewing.queue(Filter(), "position")
        project.reviewing.decide(ids[:3], "flag", "ada", "")
    page.goto(f"{serve(folder)}/review")
    expect(page.locator(".place")).to_have_text(re.compile("of 57$"))
    for title, address, place in (("Flagged", "flagged", "1 of 3"), ("Undecided", "all", "1 of 57")):
        page.get_by_role("button", name=title).click()
        expect(page.locator("[data-testid=stBaseButton-primary]").first).to_contain_text(title)
        expect(page).to_have_url(re.compile(f"queue={address}"))
        expect(page.locator(".place")).to_have_text(place)


def test_jump_note_and_history_with_undo_of_an_older_decision(
    serve: Callable[..., str], page: Page, tmp_path: Path
) -> None:
    folder = make_project(tmp_path, pairs(60))
    with Project.open(folder) as project:
        ids = project.reviewing.queue(Filter(), "position")
        project.reviewing.decide([ids[50]], "drop", "ada", "too short")
    page.goto(f"{serve(folder)}/review?queue=all")
    expect(page.locator(".root[data-example]")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.locator(".place")).to_have_text("5 of 59")
    page.keyboard.press("g")
    page.keyboard.type(ids[50])
    page.keyboard.press("Enter")
    expect(page.locator(f".root[data-example='{ids[50]}'] .head .badge")).to_have_text("dropped")
    page.keyboard.press("n")
    page.keyboard.type("ask the desk, kdf")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".reasons")).to_contain_text("ask the desk, kdf")
    expect(page.locator(SAVED)).to_be_visible()
    page.keyboard.press("h")
    history = page.locator("[data-part=history]")
    expect(history).to_contain_text("too short")
    history.locator(".past", has_text="drop").get_by_role("button", name="Undo").click()
    expect(page.locator(".head .badge")).to_have_text("pending")
    expect(page.locator("[data-part=history] .undone")).to_contain_text("drop")


def test_keys_rest_behind_the_help_and_an_open_popover(serve: Callable[..., str], page: Page, tmp_path: Path) -> None:
    page.goto(f"{serve(make_project(tmp_path, pairs(5)))}/review")
    expect(page.locator(".root[data-example]")).to_be_visible()
    before = shown(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("k")
    assert shown(page) == before
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.get_by_role("button", name="Reviewers").click()
    expect(page.get_by_text("How far reviewers agree")).to_be_visible()
    page.keyboard.press("k")
    assert shown(page) == before
    page.keyboard.press("Escape")
    expect(page.get_by_text("How far reviewers agree")).to_be_hidden()
    page.keyboard.press("k")
    assert shown(page) != before
    expect(page.locator("[role=status].unseen")).to_have_text("kept. Example 2 of 5.")
