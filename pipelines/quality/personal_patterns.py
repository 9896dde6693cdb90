"""Patterns of personal data and secrets, each with the check that makes a match one.

A kind is a pattern and, where its form carries one, a check: Luhn's digit for payment cards, ISO 7064 mod 97 for
IBANs, plausible numbers for United States social security numbers. Numbers that could be many things (a telephone
number without a country code, say) count only near a word that says what they are, or in a form that nothing else has.

Source: ISO/IEC 7812 (cards), ISO 13616 (IBAN), the published forms of provider keys. Measured on `pii_synthetic`
(spans, exact borders): F1 0.988; `tests/pipelines/quality/test_quality_public_data.py` holds a floor.
Not covered: names, postal addresses, dates of birth: patterns cannot find those.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One kind of personal data: what it looks like and when a match counts."""

    kind: str
    regex: re.Pattern[str]
    accepts: Callable[[re.Match[str]], bool]


def luhn_valid(number: str) -> bool:
    """Check Luhn's digit over the digits of a text."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return bool(digits) and sum(doubled) % 10 == 0


def iban_valid(text: str) -> bool:
    """Check the two check digits of an IBAN (ISO 7064, mod 97)."""
    compact = re.sub(r"[\s-]", "", text).upper()
    if not 15 <= len(compact) <= 34 or not compact.isalnum():
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _card(match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match.group())
    return 12 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn_valid(digits)


def _iban(match: re.Match[str]) -> bool:
    return iban_valid(match.group()) or _near(match, r"\biban\b")


def _ssn(match: re.Match[str]) -> bool:
    area, group, serial = match.group().split("-")
    return area not in ("000", "666") and group != "00" and serial != "0000"


def _near(match: re.Match[str], words: str, before: int = 60, after: int = 30) -> bool:
    """Say whether one of the words stands near a match."""
    around = (
        match.string[max(match.start() - before, 0) : match.start()]
        + " \n "
        + match.string[match.end() : match.end() + after]
    )
    return re.search(words, around, re.IGNORECASE) is not None


PHONE_WORDS = (
    r"\b(phone|telephone|tel|call(ed|ing)?|mobile|cell|cellphone|fax|dial|ring|text me|sms|whatsapp|landline|"
    r"contact (me|us|number)|reach(ed)? (me|us|him|her|them)|my number|number is|telefon|handy|rufnummer|mobil|"
    r"anruf\w*|office|desk|registered|messages to|answering (at|on)|t[ée]l[ée]phone|tel[ée]fono|m[óo]vil|number)\b|"
    r"tel\.|☎|📞"
)
OTHER_WORDS = (
    r"\b(order|ticket|invoice|tracking|serial|customer|account|case|reference|ref|booking|article|item|model|part|sku|"
    r"bestell|rechnungs|kunden|version|isbn|parcel|shipment|confirmation|error|code|id|policy|card|licen[cs]e|ssn|"
    r"transaction|voucher|coupon|quote|batch|lot|passport|zip|postal)[\w ]{0,12}?\s*(number|no|nr|id|"
    r"code)?\.?\s*(is|was)?\s*[:#]?\s*[\w-]{0,4}$"
)


def _phone(match: re.Match[str]) -> bool:
    text = match.group()
    digits = re.sub(r"\D", "", text)
    if not 7 <= len(digits) <= 15 or re.fullmatch(
        r"(19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?([ T]\d+)?|\d\d?[-./]\d\d?[-./](19|20)?\d\d", text
    ):
        return False
    if re.fullmatch(r"\d{3}-\d{2}-\d{4}", text):
        return False
    lead = match.string[max(match.start() - 40, 0) : match.start()]
    if re.search(OTHER_WORDS, lead, re.IGNORECASE):
        return False
    if text.startswith("+") or (text.startswith("00") and len(digits) >= 10):
        return len(digits) >= 8
    if re.fullmatch(r"(\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}( ?x\d+)?", text) or re.fullmatch(
        r"1-\d{3}-\d{3}-\d{4}", text
    ):
        return True
    if re.fullmatch(r"0\d{2,5}[ /-]\d{3,8}([ -]\d{2,6})*", text):
        return True
    return _near(match, PHONE_WORDS)


def _ipv4(match: re.Match[str]) -> bool:
    parts = [int(part) for part in match.group().split(".")]
    return all(part <= 255 for part in parts) and parts[0] not in (0, 127) and not _near(match, r"version|\bv$", 12, 0)


def _always(match: re.Match[str]) -> bool:
    return True


def _password(match: re.Match[str]) -> bool:
    said = match.group("value")
    return re.search(r"[a-z]", said, re.IGNORECASE) is not None and re.search(r"[\d!#$%^&*@]", said) is not None


_KEY = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{20,}|"
    r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{40,}|\bxox[abprs]-[\w-]{10,}|"
    r"\bAIza[\w-]{35}\b|\bhf_[A-Za-z0-9]{30,}\b|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"
)
_PASSWORD = r"(?i)\b(?:password|passwort|passcode)(?: is| lautet|:| =|=) ?[\"'`]?(?P<value>[^\s\"'`,]{6,40})"
_E_MAIL = r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?![\w@-])"
_IBAN = r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,4})?(?![A-Za-z0-9])"
_CARD = r"(?<![\w.+-])(?:\d[ -]?){11,18}\d(?![\w-])"
_SSN = r"(?<![\w-])(?!9\d\d-(?:0|1))\d{3}-\d{2}-\d{4}(?![\w-])"
_IPV4 = r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)"
_IPV6 = r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?![\w:])"
_PHONE = (
    r"(?<![\w@.,/#$€£-])(?:\+\d{1,3}[ .-]?|00\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{1,12}(?:[ ./-]{1,2}\d{1,12}){0,6}"
    r"(?:\s?x\d{1,6})?(?![\w@%€$£]|-\d|[.,]\d)"
)

# Where two overlap, the kind that is named first wins.
PATTERNS: tuple[Pattern, ...] = (
    Pattern("key", re.compile(_KEY), _always),
    Pattern("password", re.compile(_PASSWORD), _password),
    Pattern("e-mail", re.compile(_E_MAIL), _always),
    Pattern("iban", re.compile(_IBAN), _iban),
    Pattern("card", re.compile(_CARD), _card),
    Pattern("social security number", re.compile(_SSN), _ssn),
    Pattern("ip address", re.compile(_IPV4), _ipv4),
    Pattern("ip address", re.compile(_IPV6), _always),
    Pattern("phone", re.compile(_PHONE), _phone),
)

KINDS: tuple[str, ...] = tuple(dict.fromkeys(pattern.kind for pattern in PATTERNS))


def spans_in(text: str, kinds: tuple[str, ...] = ()) -> Iterator[tuple[str, int, int]]:
    """Yield (kind, start, end) of what stands in a text; where two overlap, the kind that is named first wins."""
    begins: list[int] = []  # of what is taken, ascending, with the ends beside them
    ends: list[int] = []
    for pattern in PATTERNS:
        if kinds and pattern.kind not in kinds:
            continue
        for match in pattern.regex.finditer(text):
            start, end = match.span("value" if "value" in pattern.regex.groupindex else 0)
            place = bisect_left(begins, start)
            before, after = place and ends[place - 1] > start, place < len(begins) and begins[place] < end
            if before or after or not pattern.accepts(match):
                continue
            begins.insert(place, start)
            ends.insert(place, end)
            yield pattern.kind, start, end
