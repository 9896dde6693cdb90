"""What takes the place of personal data: the same for the same value, found again by no pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality.personal_patterns import KINDS, spans_in
from pipelines.quality.stand_ins import label, replace_spans, stand_in

KEY, OTHER = b"k" * 32, b"o" * 32
TEXT = "Write to Ann@Example.org or ann@example.org, call +49 30 1234567, my password is hunter2!x."


def test_one_value_has_one_stand_in_however_it_is_written() -> None:
    same = [("e-mail", "Ann@Example.org", "ann@example.org"), ("phone", "+49 30 1234567", "0049-30-1234567")]
    same += [("iban", "DE89 3704 0044 0532 0130 00", "de89370400440532013000"), ("card", "4111 1111", "4111-1111")]
    for kind, one, other in same:
        assert stand_in(kind, one, KEY) == stand_in(kind, other, KEY)
    assert stand_in("e-mail", "a@b.de", KEY) != stand_in("e-mail", "a@c.de", KEY)
    assert stand_in("e-mail", "a@b.de", KEY) != stand_in("e-mail", "a@b.de", OTHER)
    assert stand_in("key", "Ab", KEY) != stand_in("key", "ab", KEY)


def test_all_spans_are_replaced_and_the_rest_stays() -> None:
    spans = list(spans_in(TEXT))
    assert (
        replace_spans(TEXT, spans, label)
        == ("Write to [e-mail] or [e-mail], call [phone], my password is [password]")
        + TEXT[max(end for _, _, end in spans) :]
    )
    pseudonyms = replace_spans(TEXT, spans, lambda kind, value: stand_in(kind, value, KEY))
    first, second = (word.strip(",") for word in pseudonyms.split() if word.startswith("[e-mail-"))
    assert first == second
    assert replace_spans(TEXT, [], label) == TEXT
    assert replace_spans("ab", [("phone", 1, 9), ("phone", -1, 1)], label) == "ab"


@pytest.mark.parametrize("kind", KINDS)
@given(value=st.text(max_size=30), before=st.sampled_from(["", "my password is ", "IBAN: ", "call ", "phone number "]))
def test_no_pattern_finds_a_stand_in(kind: str, value: str, before: str) -> None:
    for written in (label(kind, value), stand_in(kind, value, KEY)):
        assert list(spans_in(f"{before}{written} now")) == []
