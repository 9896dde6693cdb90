"""The map of prompts: own WebGL scatter with pan, zoom, hover, colours by column and a lasso."""

import streamlit as st

from workbench.app.assets import read_assets
from workbench.app.map_points import MapPoints

_mounted = st.components.v2.component(
    "workbench_coverage_map",
    html='<div class="root" aria-label="Map of prompts"></div>',
    css=read_assets(__file__, "parts/base.css", "coverage_map.css"),
    js=read_assets(
        __file__, "parts/words.js", "parts/when_gone.js", "parts/points.js", "parts/places.js", "coverage_map.js"
    ),
)


def coverage_map(points: MapPoints) -> None:
    """Draw the map; what the lasso encloses is then in `points.selected`."""
    _mounted(key="coverage-map", data=points.data(), on_lasso_change=points.receive)
