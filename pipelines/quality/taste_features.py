"""What the taste model reads of an example: rule scores, the form of its texts, their wording and their meaning.

    rules      scorers' scores that vary, 1 where nothing was found          (n, r)
    form       length, sentences, marks, capitals … of prompt and answer     (n, f)
    wording    runs of one to four words, content words by their shape       (n, 2 * BUCKETS) sparse, rows of length 1
    meaning    vectors of prompt and answer, scaled                          (n, 2 * d)

Wording keeps the project's own most frequent words, whatever its language, and puts a shape (`Xx`, `x-ing`, `9`) in the
place of the others: "how many x-s does Xx" is a way of asking, whatever it asks about. The runs are hashed, so that a
new example needs no vocabulary.

Source: METHODS 1.3 (rules and both vectors, these scaled by 6, beat either alone). Wording adds 0.01 to 0.02 of
AUC on `query_wellformedness` from 800 decisions on (`python -m tests.benchmarks.taste_figures wellformedness`).
Not covered: whether what the answer says is true.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.embedding.encoder import Vectors
from pipelines.errors import CurationError
from pipelines.quality.registry import SCORERS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]

BUCKETS = 4_096
FREQUENT_WORDS = 300
READ_WORDS, READ_CHARACTERS, LONGEST_RUN = 64, 600, 4
# METHODS 1.3: unit vectors times six stand beside standardised features as equals.
MEANING_SCALE = 6.0
WORDING_SCALE = 6.0
TEXTS = {"prompt": "prompt", "completion": "answer"}

# How English asks: what a person who rates questions looks at first (0.02 to 0.09 of AUC on `query_wellformedness`,
# most where there are few decisions). In other languages these say nothing, and the wording has to do it.
_ASKS = r"(?:what|who|whom|whose|which|when|where|why|how)"
_HELPS = r"(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|am)"
_RELATES = r"(?:of|in|on|for|to|with|from|by|at)"

_MARKS = r"[^\p{L}\p{N}\s]"


@dataclass(frozen=True)
class TasteFeatures:
    """Features of examples, row by row in the order of `example_ids`.

    Attributes:
        example_ids: (n,) the examples.
        names: names in words of the columns of `named`.
        named: (n, r + f) float32, standardised: scorers' scores and the form of the texts.
        wording: (n, 2 * BUCKETS) sparse float32, first of the prompt, then of the answer.
        meaning: (n, 2 * d) float32 unit rows of the prompt and the answer side by side; d is 0 without vectors.
    """

    example_ids: pl.Series
    names: list[str]
    named: Floats
    wording: "csr_matrix"
    meaning: Floats


def taste_features(
    examples: pl.DataFrame,
    scores: pl.DataFrame,
    *,
    prompt_vectors: Vectors | None = None,
    completion_vectors: Vectors | None = None,
) -> TasteFeatures:
    """Read the features of examples.

    Args:
        examples: example_id, prompt, completion; each id once.
        scores: example_id, scorer, score (`score_examples`); may be empty.
        prompt_vectors: (n, d) float32 unit rows, aligned to `examples`.
        completion_vectors: (n, d) float32 unit rows, aligned to `examples`.

    Returns:
        The features; no rows for no examples.

    Raises:
        CurationError: vectors do not match the examples.
    """
    from scipy.sparse import hstack

    given = [vectors for vectors in (prompt_vectors, completion_vectors) if vectors is not None]
    if any(len(vectors) != examples.height for vectors in given):
        raise CurationError(
            f"The vectors do not match the {examples.height:,} examples.", "Embed the same examples in the same order."
        )
    rules = _rules(examples, scores)
    form = pl.concat([_form(examples[column], what) for column, what in TEXTS.items()], how="horizontal")
    named = pl.concat([rules, form], how="horizontal")
    return TasteFeatures(
        examples["example_id"],
        named.columns,
        _standardised(named.to_numpy().astype(np.float32)) if named.width else np.empty((0, 0), np.float32),
        hstack([_wording(examples[column]) for column in TEXTS], format="csr"),
        np.concatenate([*given, np.empty((examples.height, 0), np.float32)], axis=1),
    )


def _rules(examples: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Return one column for each scorer that found fault with any example; 1 where it had nothing to say."""
    found = scores.filter(pl.col("score") < 1.0).group_by("example_id", "scorer").agg(pl.col("score").min())
    known = [name for name in SCORERS if name in set(found["scorer"])]
    columns = []
    for name in known:
        mine = found.filter(pl.col("scorer") == name).select("example_id", "score")
        joined = examples.select("example_id").join(mine, on="example_id", how="left", maintain_order="left")
        columns.append(joined["score"].fill_null(1.0).alias(f"finding: {SCORERS[name].title.lower()}"))
    return pl.DataFrame(columns)


def _form(texts: pl.Series, what: str) -> pl.DataFrame:
    """Return the form of texts: counts as logarithms, marks as shares of the characters, the rest as 0 and 1."""
    text = pl.col("text")
    length = text.str.len_chars().clip(lower_bound=1)
    words = text.str.count_matches(r"\S+")
    stripped = text.str.strip_chars()

    low = text.str.to_lowercase()

    def share(pattern: str) -> pl.Expr:
        return text.str.count_matches(pattern) / length

    def has(pattern: str) -> pl.Expr:
        return low.str.contains(pattern).cast(pl.Float64)

    def number(pattern: str) -> pl.Expr:
        return (low.str.count_matches(pattern) + 1).log()

    expressions = {
        f"length of the {what}": length.log(),
        f"words of the {what}": (words + 1).log(),
        f"length of words in the {what}": (length / words.clip(lower_bound=1)).log(),
        f"lines of the {what}": (text.str.count_matches("\n") + 1).log(),
        f"sentences of the {what}": (text.str.count_matches(r"[.!?。！？](?:\s|$)") + 1).log(),
        f"capital letters in the {what}": share(r"\p{Lu}"),
        f"digits in the {what}": share(r"\p{N}"),
        f"marks in the {what}": share(_MARKS),
        f"commas in the {what}": share(","),
        f"list items in the {what}": (text.str.count_matches(r"(?m)^\s*(?:[-*•]|\d+[.)])\s") + 1).log(),
        f"code marks in the {what}": share(r"[{}\[\]()=;<>`]"),
        f"the {what} begins with a capital": stripped.str.contains(r"^\p{Lu}").cast(pl.Float64),
        f"names in the middle of the {what}": share(r"[\p{Ll},;]\s+\p{Lu}"),
        f"the {what} ends in a full stop": stripped.str.contains(r"[.!。！]$").cast(pl.Float64),
        f"the {what} ends in a question mark": stripped.str.contains(r"[?？]$").cast(pl.Float64),
        f"the {what} begins with a question word": has(rf"^\s*{_ASKS}\b"),
        f"the {what} begins with an auxiliary": has(rf"^\s*{_HELPS}\b"),
        f"the {what} begins with question word and auxiliary": has(rf"^\s*{_ASKS}\s+{_HELPS}\b"),
        f"the {what} has a question word further on": has(rf"\w\s+{_ASKS}\b"),
        f"the {what} ends in a preposition": has(rf"\b{_RELATES}\s*\W*$"),
        f"two plurals in a row in the {what}": has(r"\b[a-z]+s\s+[a-z]+s\b"),
        f"auxiliaries in the {what}": number(rf"\b{_HELPS}\b"),
        f"articles in the {what}": number(r"\b(?:the|a|an)\b"),
        f"prepositions in the {what}": number(rf"\b{_RELATES}\b"),
        f"the {what} repeats words": 1
        - text.str.to_lowercase().str.extract_all(r"\w+").list.n_unique()
        / text.str.count_matches(r"\w+").clip(lower_bound=1),
    }
    return pl.DataFrame({"text": texts}).select(
        column.fill_null(0.0).alias(name) for name, column in expressions.items()
    )


def _wording(texts: pl.Series) -> "csr_matrix":
    """Return hashed runs of words, content words by their shape; rows of length `WORDING_SCALE`."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import HashingVectorizer

    if texts.is_empty():
        return csr_matrix((0, BUCKETS), dtype=np.float32)
    words = shaped(texts)
    vectorizer = HashingVectorizer(
        n_features=BUCKETS, ngram_range=(1, LONGEST_RUN), tokenizer=str.split, token_pattern=None, lowercase=False
    )
    scaled: csr_matrix = csr_matrix(vectorizer.transform(words), dtype=np.float32) * np.float32(WORDING_SCALE)
    return scaled


def shaped(texts: pl.Series) -> list[str]:
    """Return each text's first words between < and >, those that are not among the most frequent as their shape."""
    tokens = (
        pl.DataFrame({"text": texts.str.slice(0, READ_CHARACTERS)})
        .with_row_index("row")
        .select(
            "row", word=pl.col("text").str.extract_all(r"[\p{L}\p{M}'’]+|\p{N}+|[^\p{L}\p{N}\s]").list.head(READ_WORDS)
        )
    )
    exploded = tokens.explode("word").filter(pl.col("word").is_not_null())
    lower = exploded.with_columns(low=pl.col("word").str.to_lowercase())
    counts = lower.group_by("low").len().sort(["len", "low"], descending=[True, False])
    kept = counts.head(FREQUENT_WORDS).select("low").with_columns(frequent=True)
    word = pl.col("word")
    ending = word.str.to_lowercase().str.extract(r"(ing|ed|ly|er|est|s|en|tion)$").fill_null("")
    shape = (
        pl.when(word.str.contains(r"^\p{N}"))
        .then(pl.lit("9"))
        .when(word.str.contains(r"^\p{Lu}"))
        .then(pl.lit("Xx-") + ending)
        .otherwise(pl.lit("x-") + ending)
    )
    joined = (
        lower.join(kept, on="low", how="left", maintain_order="left")
        .select("row", token=pl.when(pl.col("frequent")).then(pl.col("low")).otherwise(shape))
        .group_by("row", maintain_order=True)
        .agg(pl.col("token").str.join(" "))
    )
    return (
        tokens.select("row")
        .join(joined, on="row", how="left", maintain_order="left")
        .select(pl.lit("< ") + pl.col("token").fill_null("") + pl.lit(" >"))
        .to_series()
        .to_list()
    )


def _standardised(columns: Floats) -> Floats:
    """Return columns of mean 0 and deviation 1, cut at 5 deviations; constant ones are 0."""
    if not len(columns):
        return columns
    spread = columns.std(axis=0)
    scaled = (columns - columns.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return np.asarray(scaled.clip(-5.0, 5.0), dtype=np.float32)
