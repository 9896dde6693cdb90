"""Split the kept examples without leaks, and write them to files."""

import streamlit as st

from pages.components.contamination import draw_contamination
from pages.components.versions import draw_versions
from workbench.app import session, splits
from workbench.app.navigation import link
from workbench.app.plain import counted, plain
from workbench.app.watching import finished, watch

BY = {
    "group": "groups",
    "time": "time, test is the latest",
    "split": "a column that names the split",
    "production": "production, test asks what it asks",
}


def draw_split_form(project, counts) -> None:
    """Draw the shares, the seed and the button."""
    with st.form("split"):
        train, validation, test, seed = st.columns(4)
        shares = [
            place.number_input(title, 0, 100, start, step=5)
            for place, title, start in ((train, "Train %", 80), (validation, "Validation %", 10), (test, "Test %", 10))
        ]
        number = seed.number_input("Seed", 0, 2**31 - 1, 0, help="The same seed gives the same split.")
        chosen = draw_columns(project)
        pending = st.toggle(f"Take the {counts.pending:,} undecided examples as kept", disabled=not counts.pending)
        if st.form_submit_button(
            f"Split {counts.kept + (counts.pending if pending else 0):,} examples", type="primary"
        ):
            with session.errors_shown():
                splits.start_split(project, *shares, number, pending, **chosen)
                st.rerun()


def draw_columns(project) -> dict:
    """Draw what decides: groups, production, or columns: a source key (the likely one is named), a time, a split."""
    names = project.splitting.columns()
    offered = [by for by in BY if names or by in ("group", "production")]
    left, middle, right = st.columns(3)
    chosen = {"by": left.selectbox("Split by", offered, format_func=BY.get)}
    if names:
        found = project.splitting.suggested_key()
        likely = f"'{found.column}' looks like one." if found else "No column looks like one."
        helped = f"Equal values stay together. {likely}"
        chosen["column"] = middle.selectbox(
            "Column", names, None, placeholder="for time or split", help="Else not used"
        )
        chosen["key"] = right.selectbox("Source key", names, None, placeholder="none", help=helped)
    chosen["noise"] = st.toggle("A second test set, typed as production types", help="It is exported as test_noisy.")
    return chosen


def draw_current(project, current) -> None:
    """Draw the current version and what proves that nothing leaks."""
    with st.container(horizontal=True):
        for name in ("train", "validation", "test"):
            st.metric(name.capitalize(), f"{current.counts[name]:,}", border=True, width="content")
    made = f"{current.created_at:%d %b %Y %H:%M} UTC"
    st.caption(f"{plain(current.name)} ({plain(current.version)}), {made}. The test split is sealed.")
    for note in current.notes:
        st.info(plain(note))
    if current.certificate.get("passed"):
        st.success("No pair across the splits is alike beyond the thresholds.", icon=":material/verified:")
    else:
        st.warning("Some pairs across the splits are alike beyond a threshold.", icon=":material/warning:")
    with st.expander("The certificate: what was checked"):
        st.dataframe(splits.certificate_rows(current.certificate), hide_index=True, placeholder="–")
        st.caption("The most alike pairs across splits, without their texts: the test split is sealed.")
        st.dataframe(project.splitting.closest_pairs(), hide_index=True)


def draw_export(project) -> None:
    """Draw the export: format, folder, a preview and what was written before."""
    st.header("Export", anchor=False)
    if watch(project, splits.EXPORT):
        return
    report = finished(project, splits.EXPORT)
    if report is not None:
        left_out = f", {counted(report.left_out, 'example')} left out" if report.left_out else ""
        st.success(f"Written to {plain(report.folder)}{left_out}.", icon=":material/check_circle:")
        st.dataframe(splits.file_rows(report), hide_index=True)
        for reason, count in report.reasons.items():
            st.caption(plain(f"{counted(count, 'time')}, the example {reason}."))
        for note in report.notes:
            st.info(plain(note))
    formats = {entry.name: entry for entry in project.exporting.formats()}
    left, right = st.columns([1, 2])
    format = left.selectbox(
        "Format",
        list(formats),
        format_func=lambda name: formats[name].title,
        key="export-format",
    )
    folder = right.text_input("Folder", str(project.folder / "exports" / format), key=f"export-folder-{format}")
    st.caption(plain(splits.format_notes(formats[format])))
    with session.errors_shown():
        st.code("\n".join(project.exporting.preview(format)), language=None, wrap_lines=True)
        if st.button("Write the files", type="primary"):
            splits.start_export(project, folder, format)
            st.rerun()
    before = project.exporting.exports()
    if not before.is_empty():
        with st.expander("Earlier exports"):
            st.dataframe(before, hide_index=True)


session.page_head("Split and export", "Duplicates never stand on two sides; the test split stays sealed.")
project = session.current_project()
counts = project.overview.funnel()
current = project.splitting.current()
if not counts.kept and not counts.pending:
    session.empty("There is nothing to split yet.", "Import training examples first.", "import", "Import a file")
    st.stop()
if not counts.kept and current is None:
    st.info("Nothing is kept yet: apply the suggestions (Quality), keep examples (Review), or take all undecided ones.")
with st.expander("Contamination: what gives held-out files away"):
    draw_contamination(project)
if not watch(project, splits.SPLIT):
    if current is not None:
        draw_current(project, current)
    with st.container() if current is None else st.expander("Split again"):
        draw_split_form(project, counts)
    if current is not None:
        draw_export(project)
        draw_versions(project)
        link("train", "Go on and train", ":material/arrow_forward:")
