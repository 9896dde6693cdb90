"""Languages: the quick way agrees with the model, and neither judges what is no text."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality import language
from pipelines.quality.language import identify_language, identify_languages

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
    monkeypatch.setattr(language, "identify_language", lambda text, fewest: asked.append(text) or ("xx", 0.5))
    found = identify_languages(pl.Series(list(TEXTS.values())))
    assert [answer and answer[0] for answer in found] == ["en", "de", "fr", "xx", "xx", "xx", "xx"]
    assert len(asked) == 4


def test_every_text_has_the_language_that_the_model_names() -> None:
    for code, answer in zip(TEXTS, identify_languages(pl.Series(list(TEXTS.values()))), strict=True):
        assert answer is not None
        assert answer[0] == code == (identify_language(TEXTS[code]) or "")[0]


@given(st.lists(st.sampled_from(["the", "and", "und", "ist", "x", "12", "```", "{", "a@b.de", "être"]), max_size=12))
def test_what_is_too_short_for_the_model_is_too_short_for_function_words(words: list[str]) -> None:
    text = " ".join(words)
    found = identify_languages(pl.Series([text]), 30)[0]
    assert (found is None) == (identify_language(text, 30) is None)
    assert identify_languages(pl.Series([], dtype=pl.String)) == []
