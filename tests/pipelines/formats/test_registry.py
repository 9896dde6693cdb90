"""Every format of the registry describes itself truly: its own example is read as what it says."""

import json

import pytest

from pipelines.formats.detect import detect_format
from pipelines.formats.read import ReadSettings, read_file
from pipelines.formats.registry import FORMATS, shapes


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_format_has_what_people_see_and_can_do_something(name):
    entry = FORMATS[name]
    assert entry.name == name
    assert entry.title
    assert entry.description.endswith(".")
    assert entry.extensions
    assert entry.can_read or entry.can_write


@pytest.mark.parametrize("shape", [shape.name for shape in shapes()])
def test_the_example_of_a_shape_is_detected_as_that_shape_and_accepted(tmp_path, shape):
    row = FORMATS[shape].example
    assert detect_format([row]) == shape
    path = tmp_path / "file"
    path.write_text(json.dumps(row))
    result = read_file(path, ReadSettings(role="production"))
    assert (result.format, result.accepted.height) == (shape, 1)


def test_most_rows_decide_and_unknown_ones_decide_nothing():
    assert detect_format([{"a": 1}]) is None
    assert detect_format([]) is None
    assert detect_format([{"a": 1}, {"prompt": "a"}, {"messages": []}, {"messages": []}]) == "chat"
