"""Rules and lists of ids, as the command line takes them."""

from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.reviewing import Filter
from workbench.rules import ids_in_file, read_rule


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("state=pending", Filter(state="pending")),
        ("state=pending and suggestion=drop", Filter(state="pending", suggestion="drop")),
        ("quality<0.4", Filter(quality_high=0.4)),
        ("quality >= 0.2 AND quality <= .5", Filter(quality_low=0.2, quality_high=0.5)),
        ("conflict and personal", Filter(conflict=True, personal=True)),
        ("cluster=3 and split=train", Filter(cluster=3, split="train")),
        ("text='free shipping'", Filter(text="free shipping")),
        ("source=export=2024", Filter(source="export=2024")),
        ("text='; DROP TABLE examples", Filter(text="; DROP TABLE examples")),
    ],
)
def test_a_rule_is_read_as_a_filter(rule: str, expected: Filter) -> None:
    assert read_rule(rule) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "quality",
        "quality=0.4",
        "quality<low",
        "state<pending",
        "colour=red",
        "state=",
        "a or b",
        "cluster=blue",
        "cluster=1.5",
    ],
)
def test_what_is_no_rule_is_named(rule: str) -> None:
    with pytest.raises(CurationError) as caught:
        read_rule(rule)
    assert caught.value.remedy


def test_ids_are_read_once_each_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "ids"
    path.write_text(f"{'b' * 32}\n\n  {'a' * 32}  \n{'b' * 32}\n")
    assert ids_in_file(path) == ["b" * 32, "a" * 32]


@pytest.mark.parametrize("content", [b"not an id\n", b"\xff\xfe\x00", None])
def test_a_list_that_holds_no_ids_is_named_with_its_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ids"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CurationError, match="ids"):
        ids_in_file(path)
