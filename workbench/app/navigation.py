"""The pages of the app: one a step of the loop, in its order."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

PAGES_FOLDER = Path(__file__).resolve().parents[2] / "pages"


@dataclass(frozen=True)
class PageEntry:
    """One page: the name in its address and of its file, its title, section and icon."""

    name: str
    title: str
    section: str
    icon: str


PAGE_ENTRIES = (
    PageEntry("overview", "Overview", "", ":material/home:"),
    PageEntry("import", "Import", "Data", ":material/upload_file:"),
    PageEntry("review", "Review", "Data", ":material/rate_review:"),
    PageEntry("browse", "Browse", "Data", ":material/table_rows:"),
    PageEntry("quality", "Quality", "Findings", ":material/verified:"),
    PageEntry("duplicates", "Duplicates", "Findings", ":material/content_copy:"),
    PageEntry("coverage", "Coverage", "Findings", ":material/scatter_plot:"),
    PageEntry("split", "Split and export", "Model", ":material/call_split:"),
    PageEntry("train", "Train", "Model", ":material/model_training:"),
    PageEntry("compare", "Compare", "Proof", ":material/balance:"),
    PageEntry("chat", "Chat", "Proof", ":material/forum:"),
    PageEntry("rate", "Rate", "Proof", ":material/thumbs_up_down:"),
    PageEntry("collect", "Collect next", "Next", ":material/playlist_add:"),
    PageEntry("handoff", "Hand off", "Next", ":material/outbox:"),
)

# `import` is a word of Python and no module name; the file is called after its page otherwise.
FILES = {"import": "import_data.py", "split": "split_export.py"}


def pages() -> dict[str, Page]:
    """Return the pages by name, in the order of the loop."""
    return {entry.name: _page(entry) for entry in PAGE_ENTRIES}


def sections() -> dict[str, list[Page]]:
    """Return the pages by the section of the menu that they stand in."""
    made = pages()
    found: dict[str, list[Page]] = {}
    for entry in PAGE_ENTRIES:
        found.setdefault(entry.section, []).append(made[entry.name])
    return found


def file_of(name: str) -> Path:
    """Return the file that draws a page."""
    return PAGES_FOLDER / FILES.get(name, f"{name}.py")


def go(name: str, query: dict[str, str] | None = None) -> None:
    """Leave this page for another one, with parameters in its address."""
    st.switch_page(pages()[name], query_params=query)


def link(name: str, label: str | None = None, icon: str | None = None) -> None:
    """Draw a link to a page."""
    st.page_link(pages()[name], label=label, icon=icon)


def _page(entry: PageEntry) -> Page:
    first = entry.name == PAGE_ENTRIES[0].name
    return st.Page(file_of(entry.name), title=entry.title, icon=entry.icon, url_path=entry.name, default=first)
