"""What Streamlit has no widget for: the review card, the rating card, the map, texts side by side, the funnel.

Each is a Streamlit component of this repository's own JavaScript and CSS: a `.py` that mounts it, and a `.js` and
`.css` beside it. What several use stands in `parts/`. Text of a data set only ever reaches the page as `textContent`.
"""
