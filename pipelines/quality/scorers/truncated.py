"""Answers that stop before they end: cut sentences, code fences that stay open.

1: the answer ends. 0: it is cut for certain (an open fence, a last word that cannot end a sentence such as "and" or
"the", a comma or a hyphen at the end), or it lacks the closing mark that at least `majority_share` of the answers of
its task have, or it opens as those do and lacks the words with which they close. 0.3: its last word is one
that seldom ends a sentence ("is", "for"). In tasks without the habit of a closing mark (lists, titles, labels) a
missing one says nothing.

Not covered: JSON (`broken_json.py` says where it stops), and an answer cut exactly after a sentence, in a task
without a closing formula.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

# Words after which no sentence ends. A capital A is a name ("vitamin A").
DANGLING = (
    "an|the|and|or|but|nor|of|into|because|which|than|if|when|while|your|our|their|its|my|as|we|"
    "und|oder|dem|eine|einen|von|dass|et|ou|le|les|un|une|des|du|de|que|y|el|los|las|con|por"
)
# Words after which sentences end now and then: "as good as can be", "the one that I looked for", "so wie es ist".
SELDOM_LAST = (
    "to|with|from|for|by|at|that|is|are|was|were|will|would|should|could|can|must|have|has|be|"
    "der|die|das|den|ein|mit|für|zu|ist|wird|est|la|para"
)
_DANGLING = re.compile(rf"(?:^|[\s(\"'])(?:a|(?i:{DANGLING}))$")
_SELDOM_LAST = re.compile(rf"(?:^|[\s(\"'])(?:{SELDOM_LAST})$", re.IGNORECASE)
# The broken bar is what a damaged ellipsis ends in.
ENDED = r"[.!?…。！？؟।:;)\]}>\"'”’»`*_~|¦]\s*$|\p{Extended_Pictographic}\x{FE0F}?\s*$"
SIGN_OFF = r"\n[^\n]{1,40}\s*$"
ADDRESS = re.compile(r"(https?://\S+|www\.\S+|\S+@\S+\.\w+)$")
# Fewer words than this are a label or a title, which need no closing mark.
FEWEST_WORDS = 6
# What a house voice opens and closes with: a greeting's first word, the last words of a farewell.
OPENING_WORDS = 1
CLOSING_WORDS = 2


@scorer(
    name="truncated",
    title="Answer cut off",
    dimension="complete",
    suggests="drop",
    description="The answer stops inside a sentence or a code block.",
)
def score_truncated(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers that stop in the middle."""
    folded = pl.col("completion").str.to_lowercase().str.extract_all(r"\w+")
    facts = examples.select(
        text=pl.col("completion").str.strip_chars_end(),
        words=pl.col("completion").str.count_matches(r"\S+"),
        ended=pl.col("completion").str.contains(ENDED),
        signed=pl.col("completion").str.strip_chars().str.contains(SIGN_OFF),
        json=pl.Series([text is not None for text in context.json_texts], dtype=pl.Boolean),
        task=pl.Series(context.tasks, dtype=pl.String),
        first=folded.list.head(OPENING_WORDS).list.join(" "),
        last=folded.list.tail(CLOSING_WORDS).list.join(" "),
    ).with_row_index("row")
    prose = (pl.col("words") >= FEWEST_WORDS) & ~pl.col("json")
    habit = pl.when(prose & ~pl.col("signed")).then(pl.col("ended"))
    closing = pl.when(prose).then(pl.col("last"))
    opening = pl.when(prose).then(pl.col("first"))
    share, fewest = context.settings.majority_share, context.settings.minimum_group
    facts = facts.with_columns(
        closes=(habit.mean().over("task") >= share) & (habit.count().over("task") >= fewest),
        long=pl.col("words").median().over("task") >= 2 * FEWEST_WORDS,
        closing=closing.drop_nulls().mode().min().over("task"),
        opening=opening.drop_nulls().mode().min().over("task"),
    ).with_columns(
        formula=((closing == pl.col("closing")).mean().over("task") >= share)
        & ((opening == pl.col("opening")).mean().over("task") >= share)
        & (closing.count().over("task") >= fewest)
    )
    findings = []
    enough = prose | (~pl.col("json") & pl.col("long") & (pl.col("words") >= 2))
    open_ended = facts.filter(
        (prose & ~pl.col("ended")) | (pl.col("text").str.contains("```", literal=True) & ~pl.col("json"))
    )
    for row, text, closes, signed in open_ended.select("row", "text", "closes", "signed").iter_rows():
        found = _why_cut(text, closes=bool(closes) and not signed)
        if found is not None:
            findings.append(Finding(row, *found, *_last_words(text)))
    unfinished = facts.filter(
        enough
        & pl.col("formula")
        & (pl.col("first") == pl.col("opening"))
        & ~pl.col("text").str.to_lowercase().str.replace_all(r"\W+", " ").str.contains(pl.col("closing"), literal=True)
    )
    for row, text, closing_words in unfinished.select("row", "text", "closing").iter_rows():
        reason = f"The answer opens like the others of its task and lacks their closing '{closing_words}'."
        findings.append(Finding(row, 0.0, reason, *_last_words(text)))
    return judged(examples, findings)


def _last_words(text: str) -> tuple[int, int]:
    """Return the place of the last word or two."""
    return text.rfind(" ", 0, max(len(text) - 15, 0)) + 1, len(text)


def _why_cut(text: str, *, closes: bool) -> tuple[float, str] | None:
    """Say why a text that ends without a closing mark is cut, with its score, or None."""
    if text.count("```") % 2:
        return 0.0, "A code block is opened and not closed."
    if re.search(ENDED_ASCII, text):
        return None
    last = text.rsplit(None, 1)[-1] if text else ""
    if text.endswith((",", "-", "–", "—", "(", "/", "&")) and not text.endswith("---"):
        return 0.0, f"The answer stops at '{last}'."
    if _DANGLING.search(text):
        return 0.0, f"The answer stops after '{last}', where no sentence ends."
    if ADDRESS.search(text):
        return None
    if (
        closes
        and not last.startswith(("#", "@"))
        and text.count(",") < 0.3 * len(text.split())
        and not _CODE.search(text)
    ):
        return 0.0, f"The answer stops at '{last}' without a closing mark; nearly all others of its task have one."
    if _SELDOM_LAST.search(text):
        return 0.3, f"The answer stops after '{last}', where few sentences end."
    return None


_CODE = re.compile(r"[=;{}<>]|\w\(\)|^\s*(\d+[.)]|[-*•])\s", re.MULTILINE)
ENDED_ASCII = r"[.!?…。！？:;)\]}>\"'”’»`*_~|¦]$"
