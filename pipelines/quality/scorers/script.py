"""HTML and script payloads: text that a browser would run if a page showed it as it stands.

1: none. 0: a script element, an event handler (`onerror=`), a `javascript:` address, an embedded frame or object, in
the prompt or the answer. Text inside a code block or a prompt that asks about HTML or code is left alone, for that is
what such examples teach.

Not covered: harmless markup (<b>, <br>).
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

PAYLOAD = (
    r"(?i)<\s*/?\s*(script|iframe)\b[^>]{0,300}(>|$)|<\s*(object|embed|applet|meta|base|link|"
    r"form)\s[^>]{0,300}\w\s*=\s*[^>]{0,300}(>|$)|"
    r"<\s*(svg|img|body|video|audio|input|details|marquee|a|div|span|math|button|"
    r"style)\b[^>]{0,200}\bon[a-z]{3,20}\s*=|"
    r"\bon(error|load|click|mouseover|focus|toggle)\s*=\s*[\"'&]?\w|(java|vb)script\s*:\s*\w|data\s*:\s*text/html|"
    r"<\s*style\b[^>]*>|document\.(cookie|location|write)|&lt;\s*script"
)
ABOUT_CODE = (
    r"(?i)\b(html|javascript|css|web ?page|web ?site|script|code|program|react|jquery|php|xml|svg|snippet|iframe|"
    r"function|tag|markup|webpage|dom|form|button)s?\b"
)
_FENCE = re.compile(r"```.*?(?:```|$)|`[^`\n]+`", re.DOTALL)


@scorer(
    name="script",
    title="Script payload",
    dimension="format",
    suggests="drop",
    alone=True,
    description="Prompt or answer holds HTML that would run in a browser.",
)
def score_script(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find payloads outside code."""
    search = re.compile(PAYLOAD).search
    findings: list[Finding] = []
    for column in ("prompt", "completion"):
        for row in rows_matching(examples[column], PAYLOAD):
            text = _FENCE.sub(lambda block: " " * len(block.group()), examples[column][row])
            found = search(text)
            if found is None or re.search(ABOUT_CODE, search_free(examples["prompt"][row])):
                continue
            where, span = ("answer", found.span()) if column == "completion" else ("prompt", (None, None))
            payload = " ".join(found.group(0).split())[:50]
            findings.append(Finding(row, 0.0, f"The {where} holds HTML that would run: '{payload}'.", *span))
    return judged(examples, findings)


def search_free(prompt: str) -> str:
    """Return the prompt without its markup, so that a payload does not make it a prompt about code."""
    return re.sub(r"(?is)<[^>]{0,400}>?.*?(?:</\w+>|$)|\S*(?:javascript|script)\s*:\S*", " ", prompt)
