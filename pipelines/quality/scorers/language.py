"""Answers in the wrong language.

1: the answer is in the language of its prompt or, where the prompt is too short to tell, in one of the project's
languages. 0: it is for sure in another one. The project's languages are those that at least `language_share` of the
examples have, as read from answers that can be told for certain. Prompts that name a language or ask for a translation
are not judged.
"""

from collections import Counter

import polars as pl

from pipelines.quality.language import identify_all, identify_languages, same_language
from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

ABOUT_LANGUAGE = (
    r"(?i)translat|übersetz|tradu[cizt]|\b(english|german|french|spanish|italian|portuguese|dutch|russian|chinese|"
    r"japanese|korean|arabic|hindi|latin|greek|polish|turkish|swedish|deutsch|französisch|englisch|español|inglés|"
    r"français|anglais|haiku|language|sprache|langue|idioma)\b"
)
NAMES = {
    "af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sr": "Serbian", "sv": "Swedish", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@scorer(
    name="language",
    title="Wrong language",
    dimension="on topic",
    suggests="drop",
    description="The answer is in another language than its prompt or the project.",
)
def score_language(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Compare the language of answers with that of their prompts and of the project."""
    settings = context.settings
    plain = [row for row, text in enumerate(context.json_texts) if text is None]
    named = identify_languages(examples["completion"].gather(plain), settings.language_letters)
    answers = {row: answer for row, answer in zip(plain, named, strict=True) if answer is not None}
    sure = Counter(name for name, probability in answers.values() if probability >= settings.language_confidence)
    usual = {name for name, count in sure.items() if count >= settings.language_share * sum(sure.values())}
    about = examples["prompt"].str.contains(ABOUT_LANGUAGE)
    foreign = {
        row: name
        for row, (name, probability) in answers.items()
        if probability >= settings.language_confidence
        and name in NAMES
        and not about[row]
        and not (len(usual) == 1 and _among(name, usual))
    }
    prompts = identify_all(examples["prompt"].gather(list(foreign)), settings.language_letters)
    findings = []
    for (row, name), asked in zip(foreign.items(), prompts, strict=True):
        expected = asked[0] if asked is not None and asked[1] >= settings.language_confidence else None
        if _among(name, usual) if expected is None else same_language(name, expected):
            continue
        reason = f"The answer is in {NAMES.get(name, name)}, "
        reason += f"the prompt in {NAMES.get(expected, expected)}." if expected else "which the project does not use."
        findings.append(Finding(row, 0.0, reason, 0, len(examples["completion"][row])))
    return judged(examples, findings, answers)


def _among(name: str, usual: set[str]) -> bool:
    return any(same_language(name, other) for other in usual)
