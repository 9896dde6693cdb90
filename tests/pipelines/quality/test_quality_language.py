"""Languages: the quick way agrees with the model, and neither judges what is no text."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quality import language
from pipelines.quality.language import identify_language, identify_languages, letters_in, words_of, words_of_all
from pipelines.quality.language_model import classify_all, identifier

TEXTS = {
    "en": "Your parcel is on its way to you and it should be there when you come home from work tomorrow.",
    "de": "Ihr Paket ist auf dem Weg und wird morgen bei Ihnen sein, wenn Sie nicht zu Hause sind, beim Nachbarn.",
    "fr": "Votre colis est en route et il sera chez vous dans deux jours; nous vous remercions pour votre patience.",
    "es": "Su paquete está en camino y llegará mañana por la tarde, salvo que haya una huelga de los transportistas.",
    "nl": "Uw pakket is onderweg en wordt morgen in de loop van de dag bij u thuis bezorgd door onze chauffeur.",
    "it": "Il suo pacco è in viaggio e arriverà domani, a meno che non ci siano ritardi nella consegna a casa.",
    "ja": "お荷物は現在配送中で、明日の午前中にご自宅へお届けする予定です。",
}


def test_plain_texts_are_told_without_the_model_and_the_others_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(language, "classify_all", lambda words: asked.extend(words) or [("xx", 0.5)] * len(words))
    found = identify_languages(pl.Series(list(TEXTS.values())))
    assert [answer and answer[0] for answer in found] == ["en", "de", "fr", "xx", "xx", "xx", "xx"]
    assert len(asked) == 4


def test_every_text_has_the_language_that_the_model_names() -> None:
    for code, answer in zip(TEXTS, identify_languages(pl.Series(list(TEXTS.values()))), strict=True):
        assert answer is not None
        assert answer[0] == code == (identify_language(TEXTS[code]) or "")[0]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["the", "and", "und", "ist", "x", "12", "```", "{", "a@b.de", "être"]), max_size=12))
def test_what_is_too_short_for_the_model_is_too_short_for_function_words(words: list[str]) -> None:
    text = " ".join(words)
    found = identify_languages(pl.Series([text]), 30)[0]
    assert (found is None) == (identify_language(text, 30) is None)
    assert identify_languages(pl.Series([], dtype=pl.String)) == []


HOSTILE = [
    *(
        "",
        "a",
        "\u00f1",
        "\ud800",
        "\x00\x07",
        "=" * 500,
        "a " * 900,
        "[" * 300,
        "e\u0301" * 40,
        "x" * 240,
        "ABC DEF GHI",
    ),
    *("\u202e\u0645\u0631\u062d\u0628\u0627", "\U0001f389\u200d\U0001f469", "\u65e5\u672c\u8a9e\u306e\u7b54"),
]


def test_many_texts_at_once_are_named_as_the_model_names_each() -> None:
    texts = [*HOSTILE, *TEXTS.values(), *(text[start:] for text in TEXTS.values() for start in range(1, 60, 7))]
    assert len({len(text) for text in texts}) > 20
    for (name, probability), text in zip(classify_all(texts), texts, strict=True):
        wanted, exact = identifier().classify(text)
        assert name == wanted
        assert probability == pytest.approx(exact, abs=1e-4)
    assert classify_all([]) == []


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=80), max_size=8))
def test_the_batch_agrees_with_the_model_on_any_text(texts: list[str]) -> None:
    for (name, probability), text in zip(classify_all(texts), texts, strict=True):
        wanted, exact = identifier().classify(text)
        assert (name, probability) == (wanted, pytest.approx(exact, abs=1e-4))


PIECES = [
    *(
        "word ",
        "```",
        "`",
        "\n",
        "\r\n",
        "\t",
        "x@y",
        "https://a.b/c?d",
        "<b>",
        "<",
        ">",
        "12",
        "a-1.b",
        "{}",
        '"',
        "A_B",
    ),
    *("@", ".", "\x1c", "\u00e9", "\u0663"),
]


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(st.characters(max_codepoint=126), max_size=9)), max_size=90))
def test_words_are_the_same_by_polars_as_by_python(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert words_of_all(pl.Series([text])) == [words_of(text)]
    letters = sum(character.isalpha() for character in words_of(text))
    assert not text.isascii() or letters_in(words_of(text)) == letters
