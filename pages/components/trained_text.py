"""One example as the trainer reads it, with the trained part marked."""

from collections.abc import Sequence

import streamlit as st

from workbench.app.assets import read_assets

_mounted = st.components.v2.component(
    "workbench_trained_text",
    html='<div class="root"></div>',
    css=read_assets(__file__, "parts/base.css", "trained_text.css"),
    js=read_assets(__file__, "parts/words.js", "trained_text.js"),
)


def trained_text(spans: Sequence[tuple[str, bool]], key: str = "trained-text") -> None:
    """Draw stretches of text, each with whether the loss is taken on it."""
    _mounted(key=key, data={"spans": [list(span) for span in spans]})
