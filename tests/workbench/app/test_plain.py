"""Data as words: nothing of it is Markdown any more."""

import pytest

from workbench.app.plain import counted, plain


@pytest.mark.parametrize(
    "text", ["![x](http://elsewhere.example/a.png)", "<img src=x>", "$x^2$", ":material/home:", "**bold** _it_ `code`"]
)
def test_every_mark_is_escaped(text: str) -> None:
    shown = plain(text)
    assert shown.replace("\\", "") == text
    marks = [place for place, letter in enumerate(shown) if letter in "![](<>$:*_`"]
    assert all(shown[place - 1] == "\\" for place in marks)


def test_lines_become_one_and_long_texts_are_cut() -> None:
    assert plain("a\n\n b\tc") == "a b c"
    assert plain("abcdefgh", limit=4) == "abc…"


def test_numbers_agree_with_their_nouns() -> None:
    assert counted(1, "copy", "copies") == "1 copy"
    assert counted(2500, "example") == "2,500 examples"
