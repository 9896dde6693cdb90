"""The last number of a text, as answers to arithmetic are compared.

The last one counts: an answer that explains itself ends with its result (the convention of GSM8K; Cobbe et al. 2021,
arXiv 2110.14168). Commas between groups of three digits are left out: "1,234.5" is 1234.5. Not covered: a comma as the
decimal sign, fractions, numbers in words, units ("5 km" is 5, as is "5 %").
"""

import re

_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?"
)


def last_number(text: str) -> float | None:
    """Return the last number of a text, or None where it holds none."""
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None
