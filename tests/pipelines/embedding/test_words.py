"""Words against the library tokenizers' own BERT normaliser and pre-tokeniser."""

import random

import pytest
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from pipelines.embedding.words import bert_words


def expected(text: str) -> list[str]:
    return [word for word, _ in BertPreTokenizer().pre_tokenize_str(BertNormalizer().normalize_str(text))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Café, 2 km!", ["cafe", ",", "2", "km", "!"]),
        ("snake_case isn't $5", ["snake", "_", "case", "isn", "'", "t", "$", "5"]),
        ("日本 go", ["日", "本", "go"]),
        ("ΟΔΟΣ İzmir", ["οδοσ", "izmir"]),
        ("a\x00b\u200bc\td\u00a0e\x85f\ufffdg", ["abc", "d", "efg"]),
        ("[MASK] [CLS]", ["[", "mask", "]", "[", "cls", "]"]),
        ("", []),
        (" \n\t ", []),
        ("broken \ud800!", ["broken", "?", "!"]),
    ],
)
def test_words_of_texts_that_are_hard_to_cut(text: str, words: list[str]) -> None:
    assert bert_words([text]).to_list() == [words]
    if "\ud800" not in text:
        assert expected(text) == words


def test_every_letter_of_long_known_scripts_is_cut_as_by_the_tokenizer() -> None:
    # Up to Unicode 8, the oldest table of the two; what came later differs in a few hundred marks.
    old = [
        chr(code) for code in (*range(1, 0x600), *range(0x900, 0x980), *range(0x1E00, 0x2E00), *range(0x3041, 0xA000))
    ]
    texts = [f"Ab{letter}Cd" for letter in old]
    assert bert_words(texts).to_list() == [expected(text) for text in texts]


def test_random_mixtures_keep_their_order() -> None:
    draw = random.Random(4)
    letters = [*"aB9 _-.,!\n\t$", *"éßÅ日本ΣİЖ\u0301\u200d🙂ก"]
    texts = ["".join(draw.choices(letters[:12] if draw.random() < 0.5 else letters, k=30)) for _ in range(400)]
    assert bert_words(texts).to_list() == [expected(text) for text in texts]


def test_no_texts_give_no_lists() -> None:
    assert bert_words([]).to_list() == []
