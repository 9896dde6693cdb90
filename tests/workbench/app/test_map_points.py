"""The map's message and its lasso."""

import base64

import numpy as np
import polars as pl
import pytest

from workbench.app.map_points import NOTHING, MapPoints, points_inside


def winding_number(x: float, y: float, polygon: np.ndarray) -> int:
    """Count turns around a point by summing angles: another way than crossings."""
    angles = np.arctan2(polygon[:, 1] - y, polygon[:, 0] - x)
    turns = np.diff(np.append(angles, angles[0]))
    return round(float(((turns + np.pi) % (2 * np.pi) - np.pi).sum() / (2 * np.pi)))


@pytest.mark.parametrize("seed", range(5))
def test_a_lasso_encloses_what_it_winds_around(seed: int) -> None:
    generator = np.random.default_rng(seed)
    places = generator.uniform(-1, 1, (300, 2))
    angles = np.sort(generator.uniform(0, 2 * np.pi, 12))
    reach = generator.uniform(0.3, 1.0, 12)
    polygon = np.column_stack([reach * np.cos(angles), reach * np.sin(angles)])
    expected = [winding_number(x, y, polygon) != 0 for x, y in places]
    assert points_inside(places, polygon).tolist() == expected


def test_fewer_than_three_corners_enclose_nothing() -> None:
    assert not points_inside(np.zeros((2, 2)), np.asarray([[0.0, 0.0], [1.0, 1.0]])).any()


def points(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "example_id": [str(number) for number in range(count)],
            "x": [float(number) for number in range(count)],
            "y": [2.0 * number for number in range(count)],
            "topic": ["t", "t", None][:count],
            "title": ["b", "a", None][:count],
            "role": ["train", "production", "train"][:count],
            "state": ["kept", "pending", "dropped"][:count],
            "quality": [0.0, 1.0, None][:count],
            "prompt": ["one", "two", "three"][:count],
        }
    )


def codes(packed: str) -> list[int]:
    return np.frombuffer(base64.b64decode(packed), np.uint16).tolist()


def test_points_are_scaled_alike_in_both_directions_and_coded() -> None:
    data = MapPoints(points(3)).data()
    # y spans 4 and sets the scale: 2 units for 4, so that x, which spans 2, runs from -0.5 to 0.5.
    assert np.frombuffer(base64.b64decode(data["x"]), np.float32).tolist() == [-0.5, 0.0, 0.5]
    assert np.frombuffer(base64.b64decode(data["y"]), np.float32).tolist() == [-1.0, 0.0, 1.0]
    assert data["legends"]["cluster"] == ["a", "b"]
    assert codes(data["codes"]["cluster"]) == [1, 0, NOTHING]
    assert codes(data["codes"]["quality"]) == [0, 9, NOTHING]


def test_the_same_points_give_the_same_message() -> None:
    assert MapPoints(points(3)).data() == MapPoints(points(3)).data()


@pytest.mark.parametrize("count", [0, 1])
def test_few_points_are_no_trouble(count: int) -> None:
    assert MapPoints(points(count)).data()["legends"]["role"] == ["train"][:count]
