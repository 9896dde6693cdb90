"""Rules and lists of ids, as the command line takes them."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.reviewing import Filter
from workbench.rules import FIELDS, ids_in_file, read_rule


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
        ("state=kept|flagged and source=forum|wiki", Filter(state=("kept", "flagged"), source=("forum", "wiki"))),
        ("source='a|b' and text=\"rock and roll\"", Filter(source="a|b", text="rock and roll")),
        ("decided and noted", Filter(decided=True, noted=True)),
        ("decided=no", Filter(decided=False)),
        ("meta.lang=de and meta.the column=x", Filter(metadata=(("lang", "de"), ("the column", "x")))),
        (f"id={'a' * 32}|{'b' * 32}", Filter(ids=("a" * 32, "b" * 32))),
        (
            r"regex=^(yes|no)\b and reviewer=ada and tag=short",
            Filter(regex=r"^(yes|no)\b", reviewer="ada", tag="short"),
        ),
        ("role=production and cluster=-1 and scorer=refusal", Filter(role="production", cluster=-1, scorer="refusal")),
        ("group=g1", Filter(group="g1")),
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
        "state=blue",
        "role=test",
        "split=test",
        "conflict=maybe",
        "noted and",
        "meta.=3",
        "source=a and source=b",
    ],
)
def test_what_is_no_rule_is_named(rule: str) -> None:
    with pytest.raises(CurationError) as caught:
        read_rule(rule)
    assert caught.value.remedy


def test_every_filter_of_the_pages_can_stand_in_a_rule() -> None:
    rule = (
        "state=kept and suggestion=keep and source=s and role=general and cluster=1 and scorer=c and group=g"
        " and split=train and text=t and regex=r and reviewer=w and tag=x and meta.m=v and quality>0.1"
        f" and quality<0.9 and decided and conflict and personal and noted and id={'a' * 32}"
    )
    said, silent = read_rule(rule), Filter()
    assert [field.name for field in fields(Filter) if getattr(said, field.name) == getattr(silent, field.name)] == []
    assert all(re.search(rf"\b{name.removesuffix('COLUMN')}", rule) for name in FIELDS)


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
