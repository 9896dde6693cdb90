"""Read files in: preview, name the columns, import, and see what could not be read."""

import streamlit as st

from pages.components.texts import texts
from workbench.app import session, uploads
from workbench.app.navigation import link
from workbench.app.plain import counted, plain
from workbench.app.watching import finished, watch

ROLES = {
    "train": "Training examples",
    "production": "Production queries",
    "general": "General examples",
    "test": "An outside test set",
}


def draw_choice(project) -> tuple:
    """Draw what to import: files and the role they have."""
    role = st.segmented_control(
        "These files are", list(ROLES), format_func=ROLES.get, default="train", required=True, key="import-role"
    )
    upload, path = st.tabs(["Upload", "Path on this machine"])
    with upload:
        chosen = st.file_uploader(
            "Files: JSON Lines, JSON, CSV, Parquet or text; recognised by content", accept_multiple_files=True
        )
    with path:
        typed = st.text_area("Paths, one a line", placeholder="/data/tickets.jsonl", height=90)
    with session.errors_shown():
        return role, uploads.waiting_files(project, chosen, typed)
    return role, []


def draw_mapping(columns: list[str]) -> dict:
    """Draw which column holds what, for files whose columns have unusual names."""
    with st.expander("Columns have other names"):
        st.caption("Only where the preview reads the wrong columns. Leave the rest as it is.")
        places = st.columns(len(uploads.MAPPED_FIELDS))
        chosen = {
            field: place.selectbox(field.capitalize(), columns, index=None, placeholder="found by name")
            for place, field in zip(places, uploads.MAPPED_FIELDS, strict=True)
        }
    return {field: column for field, column in chosen.items() if column}


def draw_preview(preview) -> None:
    """Draw the first rows as they would be imported."""
    st.subheader("First rows", anchor=False)
    st.caption(f"Read as {plain(preview.format)}.")
    for warning in preview.warnings:
        st.warning(plain(warning))
    for number, row in enumerate(preview.rows):
        if row["reason"]:
            st.error(f"Line {row['line']}: {plain(row['reason'])}")
        else:
            with st.container(border=True):
                texts(f"preview-{number}", [], row["messages"])


def draw_report(report) -> None:
    """Draw what became of the last import."""
    st.success(
        f"{counted(report.accepted, 'line')} read, {report.new:,} of them new; "
        f"{counted(report.rejected, 'line')} could not be read."
    )
    st.dataframe([vars(file) for file in report.files], hide_index=True, column_order=REPORT_COLUMNS)
    link("quality", "Find what is wrong with them", ":material/arrow_forward:")


REPORT_COLUMNS = ["file", "source", "format", "lines", "accepted", "new", "known", "rejected"]

session.page_head("Import", "Bring in examples to train on, and production queries to compare them with.")
project = session.current_project()
if not watch(project, uploads.WORK):
    report = finished(project, uploads.WORK)
    if report is not None:
        draw_report(report)
    role, paths = draw_choice(project)
    if paths:
        with session.errors_shown():
            shown = uploads.preview_of(project, paths[0], "auto", role, {})
            mapping = draw_mapping(shown.columns)
            if mapping:
                shown = uploads.preview_of(project, paths[0], "auto", role, mapping)
            with st.container(horizontal=True, vertical_alignment="bottom"):
                source = st.text_input("Source name", placeholder=paths[0].stem, width=280)
                if st.button(f"Import {counted(len(paths), 'file')}", type="primary"):
                    uploads.start_import(project, paths, role, "auto", source, mapping)
                    st.rerun()
            draw_preview(shown)

unread = project.importing.rejected_count()
if unread:
    st.subheader(f"{counted(unread, 'line')} could not be read", anchor=False)
    st.caption("They are kept with their text. Mend them in the file and import it again: known lines are not doubled.")
    page = st.pagination(-(-unread // 50), key="rejected-page") if unread > 50 else 1
    st.dataframe(project.importing.rejected(limit=50, offset=50 * (page - 1)), hide_index=True)
