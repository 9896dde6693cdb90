"""XML that was meant to parse and does not.

1: it parses. 0.2: the whole answer is one XML document (it opens with `<?xml` or an element and ends with `>`, bare or
in a fence of XML) and a parser refuses it. HTML, whose elements need not be closed, and answers to prompts that speak
of it are not judged, nor are answers with text around the markup. Entities are not expanded: a document that declares
some is refused by name, so that none can grow.
"""

import re
from xml.parsers import expat

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

LIKELY = r"(?s)^\s*(```(xml|svg)[ \t]*\r?\n\s*)?(<\?xml\b|<[A-Za-z_][\w:.-]*(\s[^<>]*)?/?>).*>\s*(```\s*)?$"
_FENCE = re.compile(r"^\s*```\w*[ \t]*\r?\n(.*?)(?:\r?\n\s*```\s*|\s*)$", re.DOTALL)
HTML = (
    r"(?i)<(!doctype html|html|head|body|div|span|p|br|hr|img|ul|ol|li|a|h[1-6]|table|tr|td|form|input|button|script|"
    r"style|b|i|strong|em|meta|link|section|nav|header|footer|label|select|option|iframe|video)\b"
)
ABOUT_MARKUP = r"(?i)\b(html|web ?page|web ?site|jsx|vue|react|css|template|tags?|snippet)\b"


@scorer(
    name="broken_xml",
    title="Broken XML",
    dimension="format",
    suggests="review",
    alone=True,
    description="The answer was meant to be XML and cannot be parsed.",
)
def score_broken_xml(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find XML that does not parse."""
    findings, rows = [], []
    for row in rows_matching(examples["completion"], LIKELY):
        text = examples["completion"][row]
        if re.search(HTML, text) or re.search(ABOUT_MARKUP, examples["prompt"][row]):
            continue
        rows.append(row)
        error = xml_error(text)
        if error is not None:
            reason, place = error
            findings.append(Finding(row, 0.2, f"The XML does not parse: {reason}.", place, min(place + 1, len(text))))
    return judged(examples, findings, rows)


def xml_error(text: str) -> tuple[str, int] | None:
    """Say why an answer is no XML and at which character; None where it parses."""
    fence = _FENCE.match(text)
    inner, offset = (fence.group(1), fence.start(1)) if fence else (text, 0)
    inner, offset = inner.lstrip(), offset + len(inner) - len(inner.lstrip())
    parser = expat.ParserCreate("utf-8")
    parser.EntityDeclHandler = _refuse
    try:
        encoded = inner.encode()
        parser.Parse(encoded, True)
    except UnicodeEncodeError as error:
        return "half a character", offset + error.start
    except _EntityError:
        return "it declares entities", offset + inner.find("<!ENTITY")
    except expat.ExpatError as error:
        before = len(encoded[: max(parser.ErrorByteIndex, 0)].decode("utf-8", "ignore"))
        return expat.ErrorString(error.code), min(offset + before, max(len(text) - 1, 0))
    return None


class _EntityError(Exception):
    """A document declares entities."""


def _refuse(*_: object) -> None:
    raise _EntityError
