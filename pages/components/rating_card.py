"""The blind rating card: two answers side by side, four choices, a note, all by keys."""

import streamlit as st

from workbench.app.assets import read_assets
from workbench.app.rating_queue import RatingQueue
from workbench.app.whole_page import draw_whole_page_if_changed

_mounted = st.components.v2.component(
    "workbench_rating_card",
    html='<div class="root" aria-label="Rating card"></div>',
    css=read_assets(__file__, "parts/base.css", "parts/messages.css", "parts/help.css", "rating_card.css"),
    js=read_assets(
        __file__,
        "parts/words.js",
        "parts/when_gone.js",
        "parts/remember_name.js",
        "parts/json.js",
        "parts/messages.js",
        "parts/event_log.js",
        "parts/help.js",
        "parts/blind_card.js",
        "rating_card.js",
    ),
)


@st.fragment
def rating_card(queue: RatingQueue) -> None:
    """Draw the card over the pairs that this rater has not judged yet; presses run only this fragment again."""
    draw_whole_page_if_changed()
    _mounted(key="rating-card", data=queue.data(), on_send_change=queue.receive)
