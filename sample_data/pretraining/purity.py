"""How pure the corpus is: which names, keys and labels of the sample tasks it holds, and which of their wordings.

The base model shall not have met the sample tasks. Words are compared in lower case; a shared wording is a row of six
words that a training example and a document of the corpus both hold. Not covered: kinship of meaning. The corpus has
letters with a greeting and a farewell, and notes that are turned into JSON, since tuning builds on such skills.
"""

import re
from collections.abc import Iterable

from sample_data.generator import company
from sample_data.generator.faults import CAMEL_KEYS, OTHER_KEYS

WORD = re.compile(r"\w+")
SHARED_LENGTH = 6


def forbidden_words() -> frozenset[str]:
    """Return the words of the sample tasks that must not be in the corpus: names, keys, most labels."""
    words = {company.COMPANY, *company.PRODUCTS, *company.PRODUCTS.values(), *company.INTENTS, *company.SENTIMENT}
    words |= {*CAMEL_KEYS, *CAMEL_KEYS.values(), "urgent", "ticket", "invoice", "customer"}
    words |= set(OTHER_KEYS.values()) - {"type", "item"}
    return frozenset(word.lower() for word in words)


def forbidden_in(documents: Iterable[str]) -> set[str]:
    """Return the forbidden words that documents hold."""
    forbidden = forbidden_words()
    found: set[str] = set()
    for document in documents:
        found |= forbidden.intersection(WORD.findall(document.lower()))
    return found


def wordings(text: str) -> set[tuple[str, ...]]:
    """Return the rows of six neighbouring words of a text."""
    words = WORD.findall(text.lower())
    return {tuple(words[place : place + SHARED_LENGTH]) for place in range(len(words) - SHARED_LENGTH + 1)}


def shared_wordings(documents: Iterable[str], examples: Iterable[str]) -> set[tuple[str, ...]]:
    """Return the rows of six words that both the documents and the examples hold."""
    of_examples: set[tuple[str, ...]] = set()
    for example in examples:
        of_examples |= wordings(example)
    shared: set[tuple[str, ...]] = set()
    for document in documents:
        shared |= of_examples & wordings(document)
    return shared
