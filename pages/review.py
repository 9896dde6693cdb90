"""Look at examples one by one, in queues, and decide."""

import streamlit as st

from pages.components.review_card import review_card
from workbench.app import session
from workbench.app.plain import counted
from workbench.app.queue_choice import chosen_queue, draw_queues
from workbench.app.review_filter import draw_filter
from workbench.app.review_queue import ReviewQueue
from workbench.app.reviewer_agreement import draw_reviewers

session.page_head("Review", "Keep, drop, edit or flag. Every decision is stored with your name and can be undone.")
project = session.current_project()
if not project.reviewing.has_examples():
    session.empty("There is nothing to review yet.", "Import training examples first.", "import", "Import a file")
    st.stop()

who = session.reviewer_name()
chosen = draw_filter(project)
queue = chosen_queue(project, chosen)
choice = st.container()
review_card(ReviewQueue(project, queue, chosen, who))
with choice:
    draw_queues(project, chosen, who, queue)
with st.container(horizontal=True, vertical_alignment="center"):
    draw_reviewers(project, who)
    if sealed := project.reviewing.sealed_count():
        st.caption(f"{counted(sealed, 'example')} in the sealed test split are never shown")
