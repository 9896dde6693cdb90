"""Amounts and values as tables show them."""

import pytest

from workbench.amounts import short


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.12495136140, "1.125"),
        (2e-3, "0.002"),
        (7, "7"),
        (None, "–"),
        ("ab" * 32, "abababababababab"),
        ("deadbeef", "deadbeef"),
        ("a long name that is no hash at all, with blanks", "a long name that is no hash at all, with blanks"),
    ],
)
def test_a_value_is_short_and_loses_no_words(value: object, shown: str) -> None:
    assert short(value) == shown
