"""Read files in: preview, say which column holds what, import, and see what could not be read."""

import streamlit as st

from pages.components.rejected_lines import draw_rejected
from pages.components.texts import texts
from workbench.app import gate, session, uploads
from workbench.app.navigation import link
from workbench.app.plain import counted, plain
from workbench.app.watching import finished, watch

ROLES = {
    "train": "Training examples",
    "production": "Production queries",
    "general": "General examples",
    "test": "An outside test set",
}
REPORT_COLUMNS = ["file", "source", "format", "lines", "accepted", "new", "known", "rejected"]


def draw_choice(project) -> tuple:
    """Draw what to import: files or folders, and the role they have."""
    role = st.segmented_control(
        "These files are", list(ROLES), format_func=ROLES.get, default="train", required=True, key="import-role"
    )
    shared = gate.is_shared()
    places = st.tabs(["Upload"] if shared else ["Upload", "Path on this machine"])
    with places[0]:
        label = "Files: JSON Lines, JSON, CSV, Parquet or text, packed too; recognised by content, not by name"
        chosen = st.file_uploader(label, accept_multiple_files=True)
    typed = ""
    if not shared:
        with places[1]:
            typed = st.text_area(
                "Paths of files or folders, one a line", placeholder="/data/tickets.jsonl\n/data/dataset", height=90
            )
    with session.errors_shown():
        return role, uploads.waiting_files(project, chosen, typed)
    return role, []


def draw_mapping(columns: list[str], proposed: dict, unread: bool, key: str) -> dict:
    """Draw which column holds what; what was said of this source before is proposed."""
    mapped = {field: column for field, column in proposed.items() if column in columns}
    with st.expander("Which column holds what", expanded=unread or bool(mapped)):
        st.caption("As the last time for this source." if mapped else "Only where the preview reads the wrong columns.")
        fields = [*uploads.MAPPED_FIELDS, *(field for field in mapped if field not in uploads.MAPPED_FIELDS)]
        chosen = {}
        for place, field in zip(st.columns(len(fields)), fields, strict=True):
            start = columns.index(mapped[field]) if field in mapped else None
            chosen[field] = place.selectbox(
                field.capitalize(), columns, index=start, placeholder="found by name", key=f"map-{field}-{key}"
            )
    return {field: column for field, column in chosen.items() if column}


def draw_preview(shown) -> None:
    """Draw the first rows as they would be imported, with the further columns that they keep."""
    st.caption(f"Read as {plain(shown.format)}. Every further column is kept beside its example.")
    for warning in shown.warnings:
        st.warning(plain(warning))
    for number, row in enumerate(shown.rows):
        with st.container(border=True):
            if row["reason"]:
                st.markdown(f":red[:material/block:] **Line {row['line']}:** {plain(row['reason'])}")
                st.caption(plain(row["remedy"]))
                st.code(row["raw"][:600], language=None, wrap_lines=True)
            else:
                texts(f"preview-{number}", [], row["messages"])
                if row["metadata"]:
                    st.caption(" · ".join(f"**{plain(k)}** {plain(v, 80)}" for k, v in row["metadata"].items()))


def draw_import(project, role: str, paths: list) -> None:
    """Draw the source, the columns, the button and the preview, which follows every choice."""
    files = uploads.files_of(paths)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input("Source name", placeholder=uploads.source_of(paths, ""), width=280)
        even = st.multiselect(
            "Normalise",
            list(uploads.NORMALISE),
            format_func=uploads.NORMALISE.get,
            placeholder="Nothing: as it stands",
            help="Only what you choose is evened out. The lines are listed, and each line's raw text is kept.",
            width=300,
        )
        start = st.button(f"Import {counted(len(files), 'file')}", type="primary")
    name = st.selectbox("Preview", list(files), width=420) if len(files) > 1 else next(iter(files))
    plainly = uploads.preview_of(project, files[name], role, {})
    source = uploads.source_of(paths, typed)
    unread = bool(plainly.rows) and all(row["reason"] for row in plainly.rows) and bool(plainly.columns)
    proposed = project.importing.mapping_of(source, role)
    mapping = draw_mapping(plainly.columns, proposed, unread, f"{source}-{role}")
    if start:
        uploads.start_import(project, paths, role, source if typed or len(paths) == 1 else "", mapping, even)
        st.rerun()
    st.header("First rows", anchor=False)
    draw_preview(uploads.preview_of(project, files[name], role, mapping, even) if mapping or even else plainly)


def draw_report(report) -> None:
    """Draw what became of the last import, file by file."""
    unread = f"{counted(report.rejected, 'line')} could not be read"
    st.success(f"{counted(report.accepted, 'line')} read, {report.new:,} of them new; {unread}.")
    st.dataframe([vars(file) for file in report.files], hide_index=True, column_order=REPORT_COLUMNS)
    for file in report.files:
        for warning in file.warnings:
            st.warning(f"{plain(file.file)}: {plain(warning)}")
    if report.passed_over:
        with st.expander(f"Passed over {counted(len(report.passed_over), 'file')} that hold no examples"):
            st.dataframe([{"file": name, "why": why} for name, why in report.passed_over], hide_index=True)
    link("quality", "Find what is wrong with them", ":material/arrow_forward:")


session.page_head("Import", "Bring in examples to train on, and production queries to compare them with.")
project = session.current_project()
if not watch(project, uploads.WORK):
    report = finished(project, uploads.WORK)
    if report is not None:
        draw_report(report)
    role, paths = draw_choice(project)
    if paths:
        with session.errors_shown():
            draw_import(project, role, paths)
unread = project.importing.rejected_count()
if unread:
    draw_rejected(project, unread)
