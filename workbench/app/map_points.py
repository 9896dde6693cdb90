"""The server's side of the map: points packed for the browser, and what a lasso encloses.

Coordinates are scaled into [-1, 1] with the same scale in both directions; categories travel as 16-bit codes with a
legend. Prompts are sent along for hovering up to `MOST_TEXTS` points; beyond that the cluster's title stands in.
"""

import base64
import hashlib
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

COMPONENT_KEY = "coverage-map"
SELECTED = "map-selected"
CLEARED = "map-cleared"
MOST_TEXTS = 30_000
NOTHING = 65535
QUALITY_STEPS = 10
LARGEST_TITLES = 40


class MapPoints:
    """The points of a project's map.

    Args:
        points: columns example_id, x, y, topic, title, role, state, quality, prompt.
    """

    def __init__(self, points: pl.DataFrame) -> None:
        self._points = points
        self._places = _scaled(points.select("x", "y").to_numpy().astype(np.float32))

    @property
    def selected(self) -> tuple[str, ...]:
        """The ids of the examples that the lasso enclosed last."""
        chosen: tuple[str, ...] = st.session_state.get(SELECTED, ())
        return chosen

    def clear(self) -> None:
        """Forget the selection."""
        st.session_state[SELECTED] = ()
        st.session_state[CLEARED] = st.session_state.get(CLEARED, 0) + 1

    def receive(self) -> None:
        """Find out what the lasso encloses; called by Streamlit when one was drawn."""
        polygon = np.asarray(st.session_state[COMPONENT_KEY]["lasso"]["polygon"], dtype=np.float64)
        inside = points_inside(self._places, polygon)
        st.session_state[SELECTED] = tuple(self._points["example_id"].filter(pl.Series(inside)).to_list())

    def data(self) -> dict[str, Any]:
        """Return what the browser draws; the same points give the same message, which is then sent only once."""
        packed: dict[str, Any] = {
            "x": _packed(self._places[:, 0], np.float32),
            "y": _packed(self._places[:, 1], np.float32),
            "codes": {},
            "legends": {},
        }
        for name, column in (("topic", "topic"), ("cluster", "title"), ("role", "role"), ("state", "state")):
            packed["legends"][name], packed["codes"][name] = _categories(self._points[column])
        packed["legends"]["quality"] = [f"{step / QUALITY_STEPS:.1f}" for step in range(QUALITY_STEPS)]
        packed["codes"]["quality"] = _quality_codes(self._points["quality"])
        packed["titles"] = self._titles()
        packed["texts"] = self._points["prompt"].to_list() if self._points.height <= MOST_TEXTS else None
        packed["name"] = hashlib.blake2b(repr(packed).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        packed["cleared"] = st.session_state.get(CLEARED, 0)
        return packed

    def _titles(self) -> list[list[Any]]:
        """Where the largest clusters' titles stand: at the median of their points."""
        places = pl.DataFrame({"x": self._places[:, 0], "y": self._places[:, 1], "title": self._points["title"]})
        middles = (
            places.drop_nulls("title")
            .group_by("title")
            .agg(pl.col("x").median(), pl.col("y").median(), pl.len().alias("n"))
            .sort("n", "title", descending=[True, False])
            .head(LARGEST_TITLES)
        )
        return [[title, round(x, 4), round(y, 4)] for title, x, y, _ in middles.rows()]


def points_inside(places: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Tell which points lie in a polygon, by the even-odd rule.

    Args:
        places: (n, 2) coordinates.
        polygon: (m, 2) corners in order; it is closed by itself.

    Returns:
        (n,) booleans; all false where there are fewer than three corners.
    """
    inside = np.zeros(len(places), dtype=bool)
    if len(polygon) < 3:
        return inside
    x, y = places[:, 0].astype(np.float64), places[:, 1].astype(np.float64)
    before = np.roll(polygon, 1, axis=0)
    for (ax, ay), (bx, by) in zip(polygon, before, strict=True):
        if ay == by:
            continue
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside


def _scaled(places: np.ndarray) -> np.ndarray:
    if not len(places):
        return places.reshape(0, 2)
    low, high = places.min(axis=0), places.max(axis=0)
    half = float((high - low).max()) / 2 or 1.0
    scaled: np.ndarray = ((places - (low + high) / 2) / half).astype(np.float32)
    return scaled


def _packed(values: np.ndarray, kind: type[np.generic]) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")


def _categories(column: pl.Series) -> tuple[list[str], str]:
    legend = sorted(str(value) for value in column.drop_nulls().unique().to_list())
    places = {value: code for code, value in enumerate(legend)}
    codes = [places.get(str(value), NOTHING) if value is not None else NOTHING for value in column.to_list()]
    return legend, _packed(np.asarray(codes), np.uint16)


def _quality_codes(column: pl.Series) -> str:
    values = column.cast(pl.Float64).to_numpy()
    steps = np.clip(np.floor(np.nan_to_num(values, nan=0.0) * QUALITY_STEPS), 0, QUALITY_STEPS - 1)
    return _packed(np.where(np.isnan(values), NOTHING, steps), np.uint16)
