"""Texts of a data set for reading: a conversation, and answers side by side with their differences marked."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench.app.assets import read_assets

_mounted = st.components.v2.component(
    "workbench_texts",
    html='<div class="root"></div>',
    css=read_assets(__file__, "parts/base.css", "parts/messages.css", "texts.css"),
    js=read_assets(__file__, "parts/words.js", "parts/json.js", "parts/messages.js", "parts/difference.js", "texts.js"),
)


def texts(
    key: str, answers: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]] = (), against: str | None = None
) -> None:
    """Draw answers side by side under a conversation.

    Args:
        key: a name that no other element of the page has.
        answers: `{title, text, badge, note}`, the last two optional.
        messages: the conversation before the answers; empty draws none.
        against: mark what differs from this text; None marks nothing.
    """
    _mounted(key=key, data={"messages": list(messages), "texts": list(answers), "against": against})
