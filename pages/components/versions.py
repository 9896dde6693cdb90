"""The list of dataset versions: named, gone back to, compared."""

import streamlit as st

from workbench.app import session, splits


def draw_versions(project) -> None:
    """Draw the versions: named, compared, gone back to."""
    versions = project.versions.all()
    st.header("Versions", anchor=False)
    st.caption("Each split is kept as a version. None is ever changed or deleted.")
    st.dataframe(splits.version_rows(versions), hide_index=True)
    by_number = {version.number: version for version in versions}
    titles = {number: splits.version_title(version) for number, version in by_number.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox("Version", list(titles), format_func=titles.get, key="version", width=320)
        with st.popover("Rename"), st.form("rename", border=False):
            name = st.text_input("Name", by_number[number].name, max_chars=80, key=f"name-{number}")
            if st.form_submit_button("Rename it", type="primary") and session.attempt(
                project.versions.rename, str(number), name
            ):
                st.rerun()
        with st.popover("Go back to it", disabled=by_number[number].current):
            st.caption("It becomes the current version again, as a new one with the same members and splits.")
            if st.button("Go back", type="primary") and session.attempt(project.versions.restore, str(number)):
                st.rerun()
    if len(versions) > 1 and st.toggle("Compare two versions", key="compare-versions"):
        draw_comparison(project, titles)


def draw_comparison(project, titles) -> None:
    """Draw what differs between two versions."""
    numbers = list(titles)
    left, right = st.columns(2)
    old = left.selectbox("From", numbers, 1, format_func=titles.get, key="version-old")
    new = right.selectbox("To", numbers, 0, format_func=titles.get, key="version-new")
    comparison = project.versions.compare(str(old), str(new))
    with st.container(horizontal=True):
        for kind, count in comparison.counts.items():
            st.metric(kind.capitalize(), f"{count:,}", border=True, width="content")
    for title, table in splits.comparison_parts(comparison).items():
        st.caption(title)
        st.dataframe(table, hide_index=True)
    kinds = splits.kinds_of_change(comparison)
    if not kinds:
        st.info("The two hold the same examples on the same sides.")
        return
    kind = st.segmented_control("Examples that were", kinds, default=kinds[0], required=True, key="version-change")
    st.dataframe(project.versions.texts(comparison, kind, 100), hide_index=True)
    st.caption("The first 100. Texts of the sealed test split are not shown.")
