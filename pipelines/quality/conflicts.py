"""Find conflicts between examples: different answers to one question, and labels that the others speak against.

Both kinds come as rows of one table, one row for every example that has part in a conflict. The detail opens with the
example's side, in the words of `MINORITY`, `MAJORITY` and `UNDECIDED`, so that a person and `suggest` read the same.

The methods are in `answers.py` and `labels.py`.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns
from pipelines.progress import Progress, no_progress, part_of
from pipelines.quality.answers import AnswerSides, conflicting_answers
from pipelines.quality.json_text import JsonText, read_json_texts
from pipelines.quality.labels import DoubtfulLabel, doubtful_labels, label_fields
from pipelines.quality.settings import ConflictSettings
from pipelines.quality.tasks import task_keys

CONFLICTS = pl.Schema({"group_id": pl.String, "example_id": pl.String, "kind": pl.String, "detail": pl.String})

MINORITY = "In the minority"
MAJORITY = "With the majority"
UNDECIDED = "No majority"


@dataclass(frozen=True)
class Conflicts:
    """What was found.

    Attributes:
        conflicts: a row for every example with part in a conflict, ordered by kind, group_id and example_id; kind is
            "answers" or "label", group_id the smallest example_id of the group.
        label_fields: the fields that were checked as labels.
        notes: what could not be looked at, and why.
        settings: the settings used.
    """

    conflicts: pl.DataFrame
    label_fields: list[str]
    notes: list[str]
    settings: ConflictSettings


def find_conflicts(
    examples: pl.DataFrame,
    settings: ConflictSettings | None = None,
    *,
    prompt_vectors: np.ndarray | None = None,
    progress: Progress = no_progress,
) -> Conflicts:
    """Find conflicting answers and doubtful labels.

    Args:
        examples: a frame of `EXAMPLES`; an id that comes twice counts once.
        settings: thresholds.
        prompt_vectors: (n, d) float32 unit rows of the prompts, aligned to `examples`; without them only equal
            questions are compared and labels are judged by words alone.
        progress: told now and then.

    Returns:
        The conflicts; none for no examples.

    Raises:
        CurationError: the vectors do not match the examples.
    """
    check_columns(examples, EXAMPLES, "examples to compare")
    settings = settings or ConflictSettings()
    if prompt_vectors is not None and (prompt_vectors.ndim != 2 or len(prompt_vectors) != examples.height):
        raise CurationError(
            f"The prompt vectors have the shape {prompt_vectors.shape}; there are {examples.height} examples.",
            "Embed the prompts of the same examples in the same order.",
        )
    ids = examples.select("example_id").with_row_index("row").unique("example_id", keep="first").sort("example_id")
    order = ids["row"].to_numpy()
    examples = examples[order]
    vectors = None if prompt_vectors is None else prompt_vectors[order]
    json_texts = read_json_texts(examples["completion"])
    tasks = task_keys(examples, settings.minimum_rows)
    fields = label_fields(examples["completion"], json_texts, tasks, settings)
    sides = conflicting_answers(examples, json_texts, vectors, settings, progress=part_of(progress, 0.0, 0.5))
    doubtful: list[DoubtfulLabel] = []
    prompts = examples["prompt"].to_list()
    for index, field in enumerate(fields):
        progress(0.5 + 0.5 * index / len(fields), f"Checking the labels of '{field.name}'")
        doubtful += doubtful_labels(prompts, vectors, field, settings)
    progress(1.0, "Compared answers and labels")
    sides = [_with_labels(conflict, {doubt.row for doubt in doubtful}) for conflict in sides]
    rows = [*_answer_rows(sides, examples), *_label_rows(doubtful, examples, json_texts)]
    frame = pl.DataFrame(rows, schema=CONFLICTS, orient="row").sort("kind", "group_id", "example_id")
    return Conflicts(frame, [field.name for field in fields], _notes(examples, vectors, settings), settings)


def _with_labels(conflict: AnswerSides, doubtful: set[int]) -> AnswerSides:
    """Let the label models decide where a conflict has no majority and they doubt every side but one."""
    if conflict.majority:
        return conflict
    trusted = [side for side in conflict.sides if not doubtful.intersection(side)]
    if len(trusted) != 1:
        return conflict
    others = [side for side in conflict.sides if side is not trusted[0]]
    return AnswerSides([trusted[0], *others], conflict.why, True)


def _answer_rows(found: list[AnswerSides], examples: pl.DataFrame) -> list[tuple[str, str, str, str]]:
    ids = examples["example_id"]
    rows = []
    for conflict in found:
        members = sum(len(side) for side in conflict.sides)
        group = min(ids[row] for side in conflict.sides for row in side)
        for number, side in enumerate(conflict.sides):
            for row in side:
                if not conflict.majority:
                    detail = f"{UNDECIDED}: {conflict.why}."
                elif number == 0:
                    detail = f"{MAJORITY} ({len(side)} of {members}): {conflict.why}."
                else:
                    detail = f"{MINORITY} ({len(side)} of {members}): {conflict.why}."
                rows.append((group, ids[row], "answers", detail))
    return rows


def _label_rows(
    found: list[DoubtfulLabel], examples: pl.DataFrame, json_texts: list[JsonText | None]
) -> list[tuple[str, str, str, str]]:
    """Return one row an example: its most doubtful label, and the names of further ones."""
    by_row: dict[int, list[DoubtfulLabel]] = {}
    for doubt in found:
        by_row.setdefault(doubt.row, []).append(doubt)
    rows = []
    for row, doubts in by_row.items():
        worst = min(doubts, key=lambda doubt: (doubt.given_probability - doubt.other_probability, doubt.field))
        detail = (
            f"{MINORITY}: {worst.field} is '{worst.given}', like ones say '{worst.other}' "
            f"({worst.other_probability:.2f} against {worst.given_probability:.2f})."
        )
        further = sorted(doubt.field for doubt in doubts if doubt is not worst)
        if further:
            detail += f" Also doubtful: {', '.join(further)}."
        example_id = examples["example_id"][row]
        rows.append((example_id, example_id, "label", detail))
    return rows


def _notes(examples: pl.DataFrame, vectors: np.ndarray | None, settings: ConflictSettings) -> list[str]:
    if vectors is None:
        return ["There are no embeddings: only equal questions were compared, and labels were judged by words alone."]
    if examples.height > settings.near_limit:
        return [f"More than {settings.near_limit} examples: only equal questions were compared, not near-equal ones."]
    return []
