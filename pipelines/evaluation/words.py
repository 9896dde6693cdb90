"""Words as token F1 and ROUGE-L count them: lower-case runs of letters and digits, of any script.

On ASCII text these are the tokens of rouge-score (without its stemmer). In scripts that are written without spaces
(Chinese, Japanese, Thai, ...) every character is one, because a whole sentence would else be one word. Not covered:
stemming, stop words, synonyms.
"""

import re
import unicodedata

# Thai, Lao, Myanmar and Khmer; kana and CJK ideographs; their supplements.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_SPACELESS}]|[^\\W_{_SPACELESS}]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order; an empty list where it has none."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


class WordTokenizer:
    """The same words in the shape that rouge-score asks for."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a text in their order."""
        return words_of(text)
