"""What leaves the project as a file: a report to send around, and a backup of everything."""

import streamlit as st

from workbench.app import backups, gate, session
from workbench.app.plain import counted, plain
from workbench.app.watching import finished, watch


def draw_backup(project) -> None:
    """Draw the form that writes the whole project into one file."""
    report = finished(project, backups.BACKUP)
    if report is not None:
        st.success(f"{counted(report.files, 'file')} in {plain(report.file)}", icon=":material/check_circle:")
    if watch(project, backups.BACKUP):
        return
    with st.form("backup"):
        file = st.text_input("File", backups.backup_place(project), disabled=gate.is_shared())
        with_runs = st.toggle("With runs, evaluations and exports", value=True)
        if st.form_submit_button("Back up"):
            with session.errors_shown():
                backups.start_backup(project, file, with_runs)
                st.rerun()
    st.caption("`workbench restore FILE NEW-FOLDER` makes a project of it again, on this machine or another.")


def draw_report(project) -> None:
    """Draw the downloads of the report, which is written when one is pressed."""
    st.caption("One page: data, splits, training, results, ratings and looks at the test split. It needs no internet.")
    with st.container(horizontal=True):
        for title, ending, markdown in (("HTML", "html", False), ("Markdown", "md", True)):
            st.download_button(
                f"Download as {title}",
                lambda markdown=markdown: project.reporting.text(markdown=markdown),
                f"report.{ending}",
                on_click="ignore",
                icon=":material/download:",
            )
