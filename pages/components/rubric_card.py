"""The blind rubric card: one answer without a name, a score from 1 to 5 on each criterion, all by keys."""

import streamlit as st

from workbench.app.assets import read_assets
from workbench.app.rubric_queue import RubricQueue
from workbench.app.whole_page import draw_whole_page_if_changed

_mounted = st.components.v2.component(
    "workbench_rubric_card",
    html='<div class="root" role="group" aria-label="Rubric card"></div>',
    css=read_assets(__file__, "parts/base.css", "parts/messages.css", "parts/help.css", "rubric_card.css"),
    js=read_assets(
        __file__,
        "parts/words.js",
        "parts/when_gone.js",
        "parts/remember_name.js",
        "parts/json.js",
        "parts/messages.js",
        "parts/event_log.js",
        "parts/help.js",
        "parts/criteria.js",
        "parts/blind_card.js",
        "rubric_card.js",
    ),
)


@st.fragment
def rubric_card(queue: RubricQueue) -> None:
    """Draw the card over the answers that this rater has not judged yet; presses run only this fragment again."""
    draw_whole_page_if_changed()
    _mounted(key="rubric-card", data=queue.data(), on_send_change=queue.receive)
