"""Personal data: published test numbers, what looks alike and is none, and places."""

import json
import time
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import CurationError
from pipelines.quality.personal_data import LIKELY, PERSONAL_DATA, find_personal_data
from pipelines.quality.personal_patterns import iban_valid, luhn_valid, spans_in
from pipelines.quality.settings import PersonalDataSettings
from tests.pipelines.quality.conversations import pairs


@pytest.mark.parametrize(
    ("kind", "before", "value", "after"),
    [
        ("e-mail", "Write to ", "ann.lee+shop@mail.example.co.uk", "."),
        ("phone", "Call me on ", "+44 20 7946 0958", " today"),
        ("phone", "My number is ", "030 901820", "."),
        ("phone", "", "(555) 010-9999", ", thanks"),
        ("card", "The card is ", "4111 1111 1111 1111", "."),  # the card schemes' published test numbers
        ("card", "Card ", "378282246310005", " was charged"),
        ("iban", "IBAN ", "DE89 3704 0044 0532 0130 00", ","),  # the example of ISO 13616
        ("iban", "to ", "GB82WEST12345698765432", ""),
        ("social security number", "SSN ", "219-09-9999", "."),
        ("ip address", "from ", "203.0.113.7", ""),
        ("key", "key=", "AKIAIOSFODNN7EXAMPLE", ""),  # the example of the provider's documentation
        ("password", "My password is ", "hunter2!", ""),
        ("password", "the passcode: ", "letme1n!", ""),
        ("key", "slack: ", "xoxb-abcd-efgh-ijkl", "."),
    ],
)
def test_personal_data_is_found_where_it_stands(kind: str, before: str, value: str, after: str) -> None:
    assert list(spans_in(before + value + after)) == [(kind, len(before), len(before) + len(value))]


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111-22 of 2026-03-14 at 12:30:05 costs 1,299.00 €",
        "The order number is 4539 1488 0343 6468",  # fails Luhn's check
        "Ticket 20391, tracking number 1Z 999 784 1234",
        "Version 2.10.4.1 and build 10.2.33",
        "My password is forgotten",
        "See @anna or room 12-14, 100-200 people, 3 x 4 x 5",
        "DE12 ABCD is no account",
    ],
)
def test_what_only_looks_alike_is_left_alone(text: str) -> None:
    assert list(spans_in(text)) == []


def test_check_digits_reject_every_single_changed_digit() -> None:
    for valid, check in (("4111111111111111", luhn_valid), ("DE89370400440532013000", iban_valid)):
        assert check(valid)
        for place in range(4, len(valid)):
            for digit in "0123456789":
                if digit != valid[place]:
                    assert not check(valid[:place] + digit + valid[place + 1 :])


def test_spans_name_the_message_and_hold_no_text() -> None:
    examples = pairs(("Hello", "Write to me@example.com"), system="Be kind")
    found = find_personal_data(examples).personal_data
    assert found.rows() == [(examples["example_id"][0], "e-mail", 9, 23, 2)]
    assert found.schema == PERSONAL_DATA
    assert "me@example" not in json.dumps(found.to_dicts())


def test_the_house_s_own_contact_is_no_personal_data() -> None:
    rows = [(f"How about {number}?", "Write to help@shop.example.") for number in range(25)]
    rows.append(("I am ann@mail.example", "Thank you."))
    found = find_personal_data(pairs(*rows)).personal_data
    assert found.height == 1
    settings = PersonalDataSettings(house_contact_examples=26)
    assert find_personal_data(pairs(*rows), settings).personal_data.height == 26


PIECES = ["a.b@c.de", "8.8.8.8", "fe80:0:0:0:0:0:0:1", "555 1234", "call", "tel.", "+44", "030", "(555)", "-", " ",
          "sk_live_", "AKIA", "hf_", "eyJ", ".", "A1b2C3d4E5f6G7h8", "DE89", "3704", "iban", "4111", "1111",
          "passcode is", "password:", "hunter2!", "219-09-9999", "-----BEGIN PRIVATE KEY-----", "xoxp-",
          "x", "12"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=12))
def test_no_text_that_holds_a_span_is_passed_over_unread(pieces: list[str]) -> None:
    text = "".join(pieces)
    spans = list(spans_in(text))
    assert not spans or pl.Series([json.dumps(text, ensure_ascii=False)]).str.contains(LIKELY)[0]
    assert all(one[2] <= two[1] for one, two in pairwise(sorted(spans, key=lambda span: span[1])))


def test_a_text_of_very_many_spans_takes_bounded_time() -> None:
    text = " ".join(f"a{number}@mail.example" for number in range(30_000))
    began = time.process_time()
    assert len(list(spans_in(text))) == 30_000
    assert time.process_time() - began < 5


def test_odd_input_and_unknown_kinds() -> None:
    for turns in ([], [("", "")], [("🎉" * 50, "é@ü"), ("@" * 500, "1" * 5000)]):
        assert find_personal_data(pairs(*turns)).personal_data.is_empty()
    with pytest.raises(CurationError, match="'shoe size'"):
        find_personal_data(pairs(("a", "b")), PersonalDataSettings(kinds=("shoe size",)))


def test_the_order_of_the_rows_does_not_matter() -> None:
    examples = pairs(("I am ann@mail.example", "Hi"), ("Call +44 20 7946 0958", "Ok"))
    assert find_personal_data(examples).personal_data.equals(
        find_personal_data(examples.sort(pl.col("example_id"), descending=True)).personal_data
    )
