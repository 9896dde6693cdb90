"""Running the curation stages from any page: one background work, one button, one place for its progress."""

import streamlit as st

from pipelines.progress import Progress
from workbench.app.navigation import go
from workbench.app.watching import run_in_background, watch
from workbench.curation import CurateReport
from workbench.project import Project

WORK = "curate"


def stages_under_way(project: Project) -> bool:
    """Draw the progress of the stages while they run; True while they do."""
    return watch(project, WORK)


def start_stages(project: Project) -> None:
    """Run all stages in the background; what has not changed since the last time costs nothing."""

    def work(progress: Progress) -> CurateReport:
        return project.curation.curate(progress=progress)

    run_in_background(project, WORK, "Curating", work)


def draw_run_button(project: Project, label: str = "Run the stages", key: str = "run-stages") -> None:
    """Draw the button that runs all stages."""
    first = not project.curation.stages_run()
    st.button(
        label,
        key=key,
        type="primary" if first else "secondary",
        icon=":material/play_arrow:" if first else ":material/refresh:",
        on_click=start_stages,
        args=(project,),
        help="Duplicates, clusters and gaps, personal data, conflicts, quality. Unchanged data costs nothing.",
    )


def nothing_found_yet(project: Project, stage: str, what_it_shows: str) -> bool:
    """Draw the empty state of a page whose stage has not run; True when it has not."""
    if stages_under_way(project):
        return True
    if stage in project.curation.stages_run():
        return False
    with st.container(border=True):
        if project.overview.funnel().imported:
            st.header("The stages have not run yet", anchor=False)
            st.caption(what_it_shows)
            draw_run_button(project)
        else:
            st.header("There is no training data yet", anchor=False)
            st.caption(f"Import examples first. {what_it_shows}")
            if st.button("Import a file", key="go-import", type="primary"):
                go("import")
    return True
