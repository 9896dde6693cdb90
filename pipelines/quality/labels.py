"""Find wrong labels: values of classification-like fields that the other examples speak against.

A field is a label when it is answered often with few distinct values: a field of JSON answers, or the whole answer of
a task whose answers are a few words. For each field two models give every example a probability of every label without
having seen the example, or another of the same wording: the votes of the nearest prompts by vectors, weighted by
cosine, and a cross-validated logistic regression over words, word pairs and the vector. Their weighted mean is taken
and a label is doubtful when another one is more probable by at least `label_margin`.

Source: kNN votes and cross-validated LR, mean of both, ranked by margin; confident-learning flags alone recall less
(measured on `clinc150`). Words feed the regression beside the vector because a single phrase decides many labels: on
intents other than those of the reported figure, average precision 0.968 with both, 0.951 with words alone.
Not covered: labels that the prompt does not decide; a field that the models cannot predict is left out.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.quality.json_shape import fields_of
from pipelines.quality.json_text import JsonText
from pipelines.quality.nearest import nearest
from pipelines.quality.settings import ConflictSettings

LONGEST_LABEL_WORDS = 5
# The values that make up at least this share of a field's answers must be frequent ones.
CLOSED_SHARE = 0.9
FEWEST_OF_A_VALUE = 5
# A field on which the models agree with the data less often than this cannot be told from the prompt.
PREDICTABLE = 0.75
MOST_WORDS = 20_000
# Fields whose sets of values overlap this much hold one label under two names.
SAME_VALUES = 0.8
# Beyond so many examples of a field, an even sample of them votes as neighbours and trains the word model.
LARGEST_REFERENCE = 20_000
# Inverse strength of the regression's L2 penalty.
REGULARISATION = 10.0


@dataclass(frozen=True)
class LabelField:
    """A classification-like field: the rows that have it and the label of each."""

    name: str
    rows: list[int]
    labels: list[str]


@dataclass(frozen=True)
class DoubtfulLabel:
    """A label that the other examples speak against."""

    row: int
    field: str
    given: str
    other: str
    given_probability: float
    other_probability: float


def label_fields(
    completions: pl.Series, json_texts: Sequence[JsonText | None], tasks: Sequence[str], settings: ConflictSettings
) -> list[LabelField]:
    """Find the fields that are labels.

    Args:
        completions: the answers.
        json_texts: their readings as JSON, aligned.
        tasks: the task of each row, aligned; answers that are a label as a whole are looked for in each.
        settings: how many rows and values make a label.

    Returns:
        The fields by name; whole answers are named "answer".
    """
    values: dict[str, tuple[list[int], list[str]]] = {}
    for row, text in enumerate(json_texts):
        if text is not None and isinstance(text.value, dict):
            for place, _, value in fields_of(text.value):
                if isinstance(value, (str, bool, int)) or value is None:
                    rows, labels = values.setdefault(place, ([], []))
                    rows.append(row)
                    labels.append(_label(value))
    for row, (text, task, completion) in enumerate(zip(json_texts, tasks, completions, strict=True)):
        if text is None and completion.strip():
            rows, labels = values.setdefault(f"answer\n{task}", ([], []))
            rows.append(row)
            labels.append(_label(completion))
    found = []
    for name, (rows, labels) in sorted(values.items()):
        if _is_closed(labels, settings):
            found.append(LabelField(name.split("\n")[0], rows, labels))
    return _merged(found)


def _merged(fields: list[LabelField]) -> list[LabelField]:
    """Join fields that no example has both of and that have the same values: one label under several names."""
    joined: list[LabelField] = []
    for field in sorted(fields, key=lambda field: (-len(field.rows), field.name)):
        for place, other in enumerate(joined):
            mine, known = set(field.labels), set(other.labels)
            if len(mine & known) >= SAME_VALUES * len(mine | known) and not set(field.rows) & set(other.rows):
                joined[place] = LabelField(other.name, other.rows + field.rows, other.labels + field.labels)
                break
        else:
            joined.append(field)
    return sorted(joined, key=lambda field: field.name)


def _label(value: Any) -> str:
    return " ".join(str(value).split()).casefold().rstrip(".")


def _is_closed(labels: list[str], settings: ConflictSettings) -> bool:
    """Say whether few values, of few words, make up nearly all of the answers."""
    counts = Counter(labels)
    frequent = {label: count for label, count in counts.items() if count >= FEWEST_OF_A_VALUE}
    return (
        len(labels) >= settings.minimum_rows
        and 2 <= len(frequent) <= settings.label_values
        and sum(frequent.values()) >= CLOSED_SHARE * len(labels)
        and all(len(label.split()) <= LONGEST_LABEL_WORDS for label in frequent)
    )


def doubtful_labels(
    prompts: Sequence[str], vectors: np.ndarray | None, field: LabelField, settings: ConflictSettings
) -> list[DoubtfulLabel]:
    """Find the labels of one field that the other examples speak against.

    Args:
        prompts: texts of all rows.
        vectors: (n, d) unit rows of all prompts, or None: words alone decide.
        field: the rows and their labels.
        settings: margin, neighbours, folds, seed.

    Returns:
        The doubtful labels, the most doubtful first; none where the models cannot tell the labels.
    """
    counts = Counter(field.labels)
    kept = [index for index, label in enumerate(field.labels) if counts[label] >= FEWEST_OF_A_VALUE]
    names = sorted({field.labels[index] for index in kept})
    given = np.array([names.index(field.labels[index]) for index in kept])
    rows = [field.rows[index] for index in kept]
    texts = [prompts[row] for row in rows]
    table = label_probabilities(texts, None if vectors is None else vectors[rows], given, len(names), settings)
    if float((table.argmax(axis=1) == given).mean()) < PREDICTABLE:
        return []
    mine = table[np.arange(len(rows)), given]
    others = table.copy()
    others[np.arange(len(rows)), given] = -1.0
    best = others.argmax(axis=1)
    margin = mine - others[np.arange(len(rows)), best]
    order = sorted(
        np.nonzero(margin <= -settings.label_margin)[0].tolist(), key=lambda index: (margin[index], rows[index])
    )
    return [
        DoubtfulLabel(
            rows[index],
            field.name,
            names[given[index]],
            names[best[index]],
            float(mine[index]),
            float(others[index, best[index]]),
        )
        for index in order
    ]


def label_probabilities(
    texts: Sequence[str], vectors: np.ndarray | None, given: np.ndarray, labels: int, settings: ConflictSettings
) -> np.ndarray:
    """Return the weighted mean of both models' probabilities, (n, labels), none of which saw its own example.

    Args:
        texts: the prompts.
        vectors: (n, d) unit rows, or None.
        given: (n,) label numbers.
        labels: how many labels there are.
        settings: neighbours, folds and seed.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    wording = _wording(texts)
    words = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=MOST_WORDS, token_pattern=r"(?u)\b\w+\b"
    )
    try:
        matrix = words.fit_transform(texts)
    except ValueError:  # no word comes twice
        matrix = None
    if matrix is None and vectors is None:
        return np.full((len(texts), labels), 1.0 / labels)
    if vectors is None:
        return _regression(matrix, wording, given, labels, settings)
    votes = _neighbour_votes(vectors, wording, given, labels, settings)
    if matrix is None:
        return votes
    from scipy.sparse import csr_array, hstack

    both = hstack([matrix, csr_array(vectors)]).tocsr()
    share = settings.regression_share
    table: np.ndarray = share * _regression(both, wording, given, labels, settings) + (1 - share) * votes
    return table


def _wording(texts: Sequence[str]) -> np.ndarray:
    folded = (
        pl.Series(list(texts), dtype=pl.String).str.to_lowercase().str.replace_all(r"[\W\d_]+", " ").str.strip_chars()
    )
    numbers: np.ndarray = folded.rank("dense").to_numpy().astype(np.int64)
    return numbers


def _neighbour_votes(
    vectors: np.ndarray, wording: np.ndarray, given: np.ndarray, labels: int, settings: ConflictSettings
) -> np.ndarray:
    """Return the neighbours' votes, weighted by cosine, as shares."""
    known = _even_sample(len(vectors))
    rows, cosines = nearest(vectors, vectors[known], settings.neighbours, groups=(wording, wording[known]))
    weights = np.where(np.isfinite(cosines), np.clip(cosines, 1e-3, None), 0.0)
    votes = np.zeros((len(given), labels))
    for column in range(rows.shape[1]):
        np.add.at(votes, (np.arange(len(given)), given[known][rows[:, column]]), weights[:, column])
    totals = votes.sum(axis=1, keepdims=True)
    shares: np.ndarray = np.where(totals > 0, votes / np.where(totals > 0, totals, 1.0), 1.0 / labels)
    return shares


def _even_sample(count: int) -> np.ndarray:
    """Return the positions of all of so many rows, or of `LARGEST_REFERENCE` at even distances."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, LARGEST_REFERENCE)).astype(np.int64))


def _regression(
    matrix: Any, wording: np.ndarray, given: np.ndarray, labels: int, settings: ConflictSettings
) -> np.ndarray:
    """Return cross-validated probabilities; prompts of one wording share a fold."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    table = np.full((len(given), labels), 1.0 / labels)
    shuffled = np.random.default_rng(settings.seed).permutation(int(wording.max()) + 1)
    folds = shuffled[wording] % settings.folds
    for fold in range(settings.folds):
        inside, outside = np.flatnonzero(folds != fold), folds == fold
        inside = inside[_even_sample(len(inside))]
        if not outside.any() or len(np.unique(given[inside])) < 2:
            continue
        model = LogisticRegression(C=REGULARISATION, max_iter=200, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(matrix[inside], given[inside])
        table[outside] = 0.0
        table[np.ix_(outside, model.classes_)] = model.predict_proba(matrix[outside])
    return table
