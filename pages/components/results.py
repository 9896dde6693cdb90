"""Results of an evaluation for reading: sentences, a few at a time, and tables with rounded numbers."""

import streamlit as st

from workbench.app.comparisons import titled
from workbench.app.plain import plain

DIFFERENCES = ["variant", "against", "metric", "difference", "low", "high", "q_value", "n", "verdict"]
VALUES = ["metric", "variant", "value", "low", "high", "n"]
ROUNDED = {
    name: st.column_config.NumberColumn(format="%.3f")
    for name in ("value", "difference", "low", "high", "optimism", "accuracy", "precision", "recall", "f1")
}
ROUNDED["win_rate"] = st.column_config.NumberColumn("win rate", format="percent")
ROUNDED |= {name: st.column_config.NumberColumn(format="%.2f") for name in ("mean", "shift", "alpha")}
ROUNDED["same"] = st.column_config.NumberColumn("same score", format="percent")
ROUNDED["within_one"] = st.column_config.NumberColumn("within a point", format="percent")
ROUNDED["n"] = st.column_config.NumberColumn("examples", format="localized")
ROUNDED["share_left"] = st.column_config.NumberColumn("chose left", format="percent")
ROUNDED["both_bad"] = st.column_config.NumberColumn("both bad")
ROUNDED["q_value"] = st.column_config.NumberColumn("q", format="%.4f", help="Chance share of false findings up to here")
SENTENCES = 6


def draw_sentences(sentences: list) -> None:
    """Draw sentences as a list; more than a few are folded away."""
    lines = [f"- {plain(sentence)}" for sentence in sentences]
    st.markdown("\n".join(lines[:SENTENCES]))
    if len(lines) > SENTENCES:
        with st.expander(f"{len(lines) - SENTENCES:,} more"):
            st.markdown("\n".join(lines[SENTENCES:]))


def draw_table(rows, columns: list | None = None) -> None:
    """Draw a table of results; all columns where none are named."""
    st.dataframe(titled(rows), hide_index=True, column_order=columns, column_config=ROUNDED, placeholder="–")


def draw_speeds(speeds) -> None:
    """Draw how fast each variant answered; nothing where none was timed."""
    if speeds.is_empty():
        return
    with st.expander("Speed: seconds an answer, tokens a second"):
        st.caption("On the machine that answered, in batches: an answer counts its batch's seconds over its answers.")
        draw_sentences(speeds["sentence"].to_list())


def draw_looks(results) -> None:
    """Draw how often the test split was looked at, and what that does to its figures; nothing on validation."""
    if not results.look:
        return
    st.markdown(f"**Look {results.look} of {results.looks} at this test split**")
    with st.expander("The figures with that taken into account"):
        st.caption(
            "Each look makes a lucky result likelier. Optimism: by how much the best of so many equally good models"
            " looks better than it is. The intervals (low, high) are widened for the number of looks."
        )
        draw_table(results.corrected, ["metric", "variant", "value", "optimism", "low", "high", "n"])
    with st.expander("All looks: who, when, why"):
        draw_table(results.ledger, ["looked_at", "who", "why", "evaluation", "runs", "data"])
