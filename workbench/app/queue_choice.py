"""The choice of a queue: those that have examples, with their counts, as one row of buttons."""

from typing import Literal

import streamlit as st

from workbench.app.queue_counts import counts_soon
from workbench.project import Project
from workbench.queues import QUEUES
from workbench.reviewing import Filter

QUEUE = "queue"
SOON = "2s"


def chosen_queue(project: Project, chosen: Filter) -> str:
    """Return the queue that the address names, or the one to begin with."""
    named = st.query_params.get(QUEUE)
    if named in QUEUES:
        return str(named)
    # A selection from another page, or of a state, is shown whatever was decided about it.
    if chosen.state or chosen.group or chosen.ids is not None:
        return "filter"
    return "random"


def draw_queues(project: Project, chosen: Filter, who: str, queue: str) -> None:
    """Draw the choice; the counts follow when they are there."""
    _, counted = counts_soon(project, chosen, who)
    st.fragment(_draw, run_every=None if counted else SOON)(project, chosen, who, queue)


def _draw(project: Project, chosen: Filter, who: str, queue: str) -> None:
    counts, _ = counts_soon(project, chosen, who)
    with st.container(horizontal=True, gap="small"):
        for name, entry in QUEUES.items():
            if (name != queue and not (counts or {}).get(name)) or (name == "filter" and chosen == Filter()):
                continue
            count = "" if counts is None else f" :small[{counts[name]:,}]"
            kind: Literal["primary", "tertiary"] = "primary" if name == queue else "tertiary"
            if st.button(f"{entry.title}{count}", key=f"queue-{name}", help=entry.description, type=kind):
                st.query_params[QUEUE] = name
                # The buttons are a fragment; the card below them is not in it.
                st.rerun()
    st.caption("Counting the queues …" if counts is None else QUEUES[queue].description)
