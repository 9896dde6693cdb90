"""Which language a text is in, and whether that is sure enough to act on.

py3langid (naive Bayes over byte n-grams, 140 languages, no network) names the language; its probability is calibrated
across lengths. What a reader would not call text of a language (JSON, code, addresses, numbers) is taken out first.

Of many texts, those that are plainly English, German or French are told by their function words, which costs a fifth
of what the model costs: at least two words that hardly any other language has, and three of ten words
from the language's most frequent ones. On `alpaca` that is seven answers of ten, and the model agrees on each.

Measured on `language_id` (half a, widely spoken languages, 30 characters or more): 0.98 right, 0.998 where sure;
`python -m tests.benchmarks.quality_figures language` measures it again.
Not covered: telling close pairs apart for certain (nb/nn/da, hr/bs/sr, id/ms); `same_language` treats them as one.
"""

import re
import unicodedata

import polars as pl

from pipelines.quality.language_model import classify_all

# Languages that share most of their vocabulary: a finding between two of one family would be a coin toss.
FAMILIES = (
    {"no", "nb", "nn", "da"},
    {"hr", "bs", "sr", "sh", "sl"},
    {"id", "ms"},
    {"cs", "sk"},
    {"es", "gl", "ca", "pt", "ast", "oc", "an"},
    {"ru", "uk", "be", "bg", "mk"},
    {"de", "lb", "nds", "als"},
    {"nl", "af"},
    {"zh", "yue", "wuu"},
)
NOT_WORDS = r"(?s)```.*?(?:```|$)|`[^`\n]*`|https?://\S+|\S+@\S+|<[^>]{0,200}>|[\w.-]*\d[\w.-]*|[{}\[\]\"_#*|=]"
_NOT_WORDS = re.compile(NOT_WORDS)
_NO_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalpha())
# Function words by language: those that other languages lack, and further frequent ones.
FUNCTION_WORDS = {
    "en": (
        "the and that with this you your from they which would their been what there how are should when these than",
        "to of in is for on was at by an as be we not it can had its or will have were",
    ),
    "de": (
        "und nicht eine einen einer für auch werden wurde sich dass ist das mit auf wird haben sind zum zur dem des",
        "in der die den im am an zu von so als bei nach er es hat war ein sie aus um",
    ),
    "fr": (
        "est une dans pour qui avec sont cette été vous nous aux plus pas sur ses elle ont",
        "le la les de des du et en à que il un au ce se on ne son par",
    ),
}
FEWEST_OWN, PLAIN_SHARE = 2, 0.3
# The first characters tell the language; more would only cost time.
LONGEST = 240


def words_of(text: str) -> str:
    """Return the text without code, addresses, markup and numbers, shortened to what identification needs."""
    return " ".join(_NOT_WORDS.sub(" ", text[: 3 * LONGEST]).split())[:LONGEST]


def words_of_all(texts: pl.Series) -> list[str]:
    """Return the words of each text as `words_of` does; of ASCII, where both engines read alike, by Polars."""
    cut = texts.str.slice(0, 3 * LONGEST)
    squeezed = cut.str.replace_all(NOT_WORDS, " ").str.replace_all(r"[ \t\n\r]+", " ").str.strip_chars(" ")
    ascii_only = cut.str.contains(r"\A[ -~\t\n\r]*\z")
    return [
        words if same else words_of(text)
        for text, words, same in zip(cut, squeezed.str.slice(0, LONGEST), ascii_only, strict=True)
    ]


def letters_in(text: str) -> int:
    """Count letters; one of a script without spaces carries about as much as three of others."""
    if text.isascii():
        return len(text.encode().translate(None, _NO_LETTERS))
    count = 0
    for character in text:
        if (
            character.isalpha()
            or (character > "\u02ff" and unicodedata.combining(character))
            or "\u0900" <= character < "\u0e00"
        ):
            count += 3 if "\u2e80" <= character <= "\ud7ff" or "\u0e00" <= character <= "\u0eff" else 1
    return count


def identify_language(text: str, fewest_letters: int = 25) -> tuple[str, float] | None:
    """Name the language of a text.

    Args:
        text: anything.
        fewest_letters: letters below which nothing is said.

    Returns:
        The ISO 639-1 code and its probability (0..1); None for a text that is too short.
    """
    return identify_all(pl.Series([text], dtype=pl.String), fewest_letters)[0]


def identify_all(texts: pl.Series, fewest_letters: int = 25) -> list[tuple[str, float] | None]:
    """Name the language of each text by the model, as `identify_language` does for one."""
    words = words_of_all(texts)
    rows = [row for row, said in enumerate(words) if letters_in(said) >= fewest_letters]
    answers: list[tuple[str, float] | None] = [None] * len(texts)
    for row, answer in zip(rows, classify_all([words[row] for row in rows]), strict=True):
        answers[row] = answer
    return answers


def identify_languages(texts: pl.Series, fewest_letters: int = 25) -> list[tuple[str, float] | None]:
    """Name the language of each text as `identify_language` does, the plain ones by their function words.

    Args:
        texts: strings.
        fewest_letters: letters below which nothing is said.

    Returns:
        The code and its probability for each text, in order; None where a text is too short.
    """
    words = texts.str.slice(0, 3 * LONGEST).str.replace_all(NOT_WORDS, " ").str.slice(0, LONGEST).str.to_lowercase()
    count = words.str.count_matches(r"\p{L}+")
    enough = words.str.count_matches(r"\p{L}") >= fewest_letters
    plain: list[str | None] = [None] * len(texts)
    for language, (own, frequent) in FUNCTION_WORDS.items():
        mine, others = (words.str.count_matches(rf"\b(?:{listed.replace(' ', '|')})\b") for listed in (own, frequent))
        for row in (enough & (mine >= FEWEST_OWN) & (mine + others >= PLAIN_SHARE * count)).arg_true().to_list():
            plain[row] = language
    doubtful = [row for row, language in enumerate(plain) if language is None]
    asked = identify_all(texts.gather(doubtful), fewest_letters)
    answers = [None if language is None else (language, 1.0) for language in plain]
    for row, answer in zip(doubtful, asked, strict=True):
        answers[row] = answer
    return answers


def same_language(one: str, other: str) -> bool:
    """Say whether two codes name one language, or two that are easily mistaken for each other."""
    return one == other or any(one in family and other in family for family in FAMILIES)
