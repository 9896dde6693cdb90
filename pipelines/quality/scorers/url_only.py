"""Answers that are nothing but links.

1: there is an answer beside the links. 0.2: there is not: what is left without web addresses, the texts of Markdown
links and words such as "see" or "source" holds neither a letter nor a digit. Prompts that ask for a link are not
judged.
"""

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

ADDRESS = r"(?i)(?:https?://|www\.)\S+|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|edu|gov|de|uk|fr|es|it|eu)/\S*"
MARKDOWN = r"\[[^\]\n]{0,200}\]\(\s*(?:https?://|www\.|/)[^\s)]*\s*\)"
POINTING = (
    r"(?i)\b(?:please|you|can|it|find|see|also|visit|check|check out|click|follow|read|more|further|info|information|"
    r"details?|for|at|on|this|the|these|following|links?|url|website|page|article|source|sources|reference|"
    r"references|here|answer|go|to|and|or|is)\b"
)
ASKED = (
    r"(?i)\b(?:urls?|links?|web ?sites?|web ?pages?|address(?:es)?|domains?|uris?|sources?|cit(?:e|ation)s?|"
    r"references?|bibliography)\b"
)
LIST_NUMBER = r"(?m)^\s*\d{1,2}[.)]"


@scorer(
    name="url_only",
    title="Nothing but links",
    dimension="complete",
    suggests="review",
    alone=True,
    description="The answer is one or more links and nothing else.",
)
def score_url_only(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers that only point elsewhere."""
    linked = examples.with_row_index("row").filter(
        pl.col("completion").str.contains(ADDRESS) & ~pl.col("prompt").str.contains(ASKED)
    )
    rest = linked["completion"]
    for pattern in (MARKDOWN, ADDRESS, LIST_NUMBER, POINTING):
        rest = rest.str.replace_all(pattern, " ")
    only = linked.filter(~rest.str.contains(r"[\p{L}\p{N}]"))
    return judged(
        examples,
        (
            Finding(row, 0.2, "The answer is only a link.", 0, len(text))
            for row, text in only.select("row", "completion").iter_rows()
        ),
    )
