"""What a run will take: memory, time and cost, on this machine and on rented GPUs."""

import streamlit as st

from workbench.amounts import GIB, duration
from workbench.app.plain import plain


def draw_estimate(found) -> None:
    """Draw an estimate."""
    with st.container(horizontal=True):
        st.metric("Memory needed here", f"{found.here_needed / GIB:.1f} GiB", border=True, width="content")
        st.metric("Free here", f"{found.here_available / GIB:.1f} GiB", border=True, width="content")
        if found.here_seconds is not None:
            st.metric("Time here", duration(found.here_seconds), border=True, width="content")
    for text in found.advice:
        st.error(plain(text))
    with st.expander(f"On rented GPUs, prices of {plain(found.prices_dated)}"):
        st.dataframe(
            {
                "GPU": [row.gpu for row in found.gpus],
                "method": [row.method for row in found.gpus],
                "memory": [f"{row.memory / GIB:.1f} GiB" for row in found.gpus],
                "fits": [row.fits for row in found.gpus],
                "time": [duration(row.seconds) for row in found.gpus],
                "cost": [f"{found.currency}{row.cost:.2f}" for row in found.gpus],
            },
            hide_index=True,
        )
        st.caption("Edit gpu\\_prices.json in the project's folder to put your own prices there.")
