"""Field names of JSON that are written in another way than the others of their kind write them.

1: every field is spelled as usual (`order_id`). 0: one is a variant of a usual spelling (`orderId`, `Order-ID`), or the
object has other names altogether (`ticketIntent`, `type`) than most objects of its task have. What is usual is what at
least `majority_share` of the objects of one kind do (`json_shape.py`), and more than half of the objects of a task, so
that no list of names is needed.
"""

import re
from collections import Counter
from collections.abc import Iterable

import polars as pl

from pipelines.quality.json_shape import Kind, fields_of, kinds_of
from pipelines.quality.registry import Finding, ScoringContext, judged, scorer


@scorer(
    name="key_style",
    title="Field names in another style",
    dimension="format",
    suggests="drop",
    description="A JSON field is spelled in another way (orderId, order_id) than in the other examples of its kind.",
)
def score_key_style(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find field names that are variants of the usual ones."""
    objects = {
        row: text.value
        for row, text in enumerate(context.json_texts)
        if text is not None and isinstance(text.value, dict) and text.value
    }
    findings = []
    kinds = kinds_of(objects)
    for kind in kinds:
        if len(kind.rows) < context.settings.minimum_group:
            continue
        usual = {place: kind.usual_spelling(place) for place in kind.spellings}
        for row in kind.rows:
            for place, name, _ in fields_of(objects[row]):
                spelling, share = usual[place]
                if name != spelling and share >= context.settings.majority_share:
                    found = re.search(rf'"{re.escape(name)}"\s*:', examples["completion"][row])
                    reason = f"The field '{name}' is spelled '{spelling}' in the others of its kind."
                    span = (found.start(), found.start() + len(name) + 2) if found else (None, None)
                    findings.append(Finding(row, 0.0, reason, *span))
                    break
    findings += _other_names(objects, kinds, examples, context)
    return judged(examples, findings, objects)


def _other_names(
    objects: dict[int, dict[str, object]], kinds: list[Kind], examples: pl.DataFrame, context: ScoringContext
) -> list[Finding]:
    """Return the objects whose names have little in common with those of most objects of their task."""
    kind_of = {row: number for number, kind in enumerate(kinds) for row in kind.rows}
    by_task: dict[str, list[int]] = {}
    for row in sorted(objects):
        by_task.setdefault(context.tasks[row], []).append(row)
    findings = []
    for task, rows in by_task.items():
        usual, count = Counter(kind_of[row] for row in rows).most_common(1)[0]
        if not task or len(rows) < context.settings.minimum_group or count <= len(rows) / 2:
            continue
        names = list(objects[next(row for row in rows if kind_of[row] == usual)])
        for row in rows:
            if kind_of[row] != usual:
                reason = f"The fields are {_listed(objects[row])}; most others of the task have {_listed(names)}."
                findings.append(Finding(row, 0.0, reason, 0, len(examples["completion"][row])))
    return findings


def _listed(names: Iterable[str]) -> str:
    shown = [f"'{name[:30]}'" for name in names]
    return ", ".join(shown[:4]) + (", …" if len(shown) > 4 else "")
