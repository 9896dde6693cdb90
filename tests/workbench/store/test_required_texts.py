"""What a match has to hold: RE2 itself is the oracle, so that no search ever leaves out what the expression finds."""

import contextlib
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.store.required_texts import RequiredTexts, required_texts

ATOMS = [
    "kiss",
    "Aß",
    "sak",
    "K",
    "ſ",
    "ü",
    ".",
    r"\d",
    r"\w",
    "[a-k]",
    "[^s]",
    r"\.",
    r"\x41",
    "^",
    "$",
    r"\b",
    "İ",
    "ı",
]
SIGNS = "kKsSaAiIßſKüÜ.1 \nİı"


def expressions() -> st.SearchStrategy[str]:
    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        some = st.lists(inner, min_size=1, max_size=4)
        repeats = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "+?", "{,3}"])
        return st.one_of(
            some.map("".join),
            some.map("|".join),
            inner.map("({})".format),
            inner.map("(?:{})".format),
            inner.map("(?i:{})".format),
            inner.map("(?P<n>{})".format),
            st.tuples(inner.map("(?:{})".format), repeats).map("".join),
        )

    return st.recursive(st.sampled_from(ATOMS), larger, max_leaves=8)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pattern=expressions(),
    any_case=st.booleans(),
    texts=st.lists(st.text(SIGNS, max_size=12), min_size=1, max_size=12),
    data=st.data(),
)
def test_every_text_that_the_expression_matches_holds_what_is_required(
    connection: duckdb.DuckDBPyConnection, pattern: str, any_case: bool, texts: list[str], data: st.DataObject
) -> None:
    whole = f"(?i){pattern}" if any_case else pattern
    with contextlib.suppress(Exception):
        # Texts that the expression surely matches, where Python can make some.
        texts = [*texts, *(data.draw(st.from_regex(whole)) for _ in range(3))]
    try:
        matches = [
            connection.execute("SELECT regexp_matches($1, $2)", [text, whole]).fetchall()[0][0] for text in texts
        ]
    except duckdb.Error:
        return
    required = required_texts(whole)
    for text, matched in zip(texts, matches, strict=True):
        held = connection.execute("SELECT lower($1)", [text]).fetchall()[0][0] if required.any_case else text
        assert not matched or all(part in held for part in required.texts), (whole, text, required)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\d+ apples", (" apples",)),
        (r"(order|sale) number (\d{4}) paid", (" number ", " paid")),
        (r"(refund)+s? of", ("refund", " of")),
        (r"(refund)?of", ()),
        (r"[[:alpha:]]apples", ()),
        (r"abcd|efgh", ()),
        (r"\pLapples", ()),
        (r"no", ()),
    ],
)
def test_what_is_required(pattern: str, expected: tuple[str, ...]) -> None:
    assert required_texts(pattern) == RequiredTexts(expected, any_case=False)


def test_where_case_is_ignored_nothing_is_required_of_letters_that_others_are_folded_to() -> None:
    assert required_texts(r"(?i)\d{2} Basket lamp").texts == ("et lamp", " ba")
    assert required_texts("(?i)lamp") == RequiredTexts()
