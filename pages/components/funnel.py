"""The funnel of a project: imported, unique, kept, split."""

import streamlit as st

from workbench.app.assets import read_assets
from workbench.app.funnel_steps import funnel_steps
from workbench.overview import Funnel

_mounted = st.components.v2.component(
    "workbench_funnel",
    html='<div class="root" role="img" aria-label="Funnel from imported to split examples"></div>',
    css=read_assets(__file__, "parts/base.css", "funnel.css"),
    js=read_assets(__file__, "parts/words.js", "funnel.js"),
)


def funnel(counts: Funnel) -> None:
    """Draw how many examples are left after each step."""
    _mounted(key="funnel", data={"steps": funnel_steps(counts)})
