"""Data as words in Streamlit's Markdown.

Text from a data set, a file name or an error message is untrusted: as Markdown it could load an image from anywhere,
hide a link behind a word or draw a formula. Streamlit reads Markdown in captions, labels, badges, toasts and
messages, so whatever comes from data goes through `plain` first. Tables, `st.text`, `st.code` and select boxes show
text as it is.
"""

import re

# Every character that CommonMark, GitHub's tables and Streamlit's own directives, formulas and icons give a meaning.
_MARKED = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&^=\"'/@%])")


def plain(text: object, limit: int | None = None) -> str:
    """Escape a text so that Markdown shows it letter by letter, on one line, cut to a number of characters."""
    words = " ".join(str(text).split())
    if limit is not None and len(words) > limit:
        words = words[: limit - 1] + "…"
    return _MARKED.sub(r"\\\1", words)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Say a number with its noun: `1 example`, `2,500 examples`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
