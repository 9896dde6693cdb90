"""The review card: one example at a time, decided by keys.

The queue is on the client: a press draws the next example at once, and what was decided is logged as events of
`{sequence, session, example_id, action}` that are sent until the server has acknowledged them. The server sends the
cards that the client lacks, a few screens ahead.
"""

import streamlit as st

from workbench.app.assets import read_assets
from workbench.app.review_queue import ReviewQueue
from workbench.app.whole_page import draw_whole_page_if_changed

_mounted = st.components.v2.component(
    "workbench_review_card",
    html='<div class="root" role="group" aria-label="Review card"></div>',
    css=read_assets(__file__, "parts/base.css", "parts/messages.css", "parts/help.css", "review_card.css"),
    js=read_assets(
        __file__,
        "parts/words.js",
        "parts/when_gone.js",
        "parts/remember_name.js",
        "parts/json.js",
        "parts/messages.js",
        "parts/difference.js",
        "parts/event_log.js",
        "parts/help.js",
        "parts/card_face.js",
        "parts/card_forms.js",
        "parts/card_relatives.js",
        "review_card.js",
    ),
)


@st.fragment
def review_card(queue: ReviewQueue) -> None:
    """Draw the card over a queue; presses run only this fragment again, not the page."""
    draw_whole_page_if_changed()
    _mounted(key="review-card", data=queue.data(), on_send_change=queue.receive)
