"""Field names of JSON that are written in another way than the others of their kind write them.

1: every field is spelled as usual (`order_id`). 0: one is a variant of a usual spelling (`orderId`, `Order-ID`), or the
object has other names altogether (`ticketIntent`, `type`) for the values that more objects have under the usual names,
or in a task whose answers nearly all have the usual names. What is usual is what at least `majority_share` of the
objects of one kind do (`json_shape.py`), so that no list of names is needed.
"""

import re
from collections import Counter
from collections.abc import Iterable

import polars as pl

from pipelines.quality.json_shape import MOST_COMPARED, Kind, fields_of, kinds_of, same_content
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
    """Return the objects that have other names than most objects of their content or their task."""
    findings: dict[int, Finding] = {}

    def find(row: int, usual: Kind, whose: str) -> None:
        names = _listed(objects[usual.rows[0]])
        reason = f"The fields are {_listed(objects[row])}; most others of {whose} have {names}."
        findings.setdefault(row, Finding(row, 0.0, reason, 0, len(examples["completion"][row])))

    by_size = sorted((kind for kind in kinds), key=lambda kind: (-len(kind.rows), sorted(kind.lead)))
    leaders: list[Kind] = []
    followers: set[int] = set()
    for kind in by_size:
        usual = next((leader for leader in leaders if same_content(leader, kind)), None)
        if usual is not None:
            followers.add(id(kind))
            for row in kind.rows:
                find(row, usual, "this content")
        elif len(kind.rows) >= context.settings.minimum_group and len(leaders) < MOST_COMPARED:
            leaders.append(kind)
    kind_of = {row: number for number, kind in enumerate(kinds) for row in kind.rows}
    by_task: dict[str, list[int]] = {}
    for row in sorted(objects):
        by_task.setdefault(context.tasks[row], []).append(row)
    for task, rows in by_task.items():
        number, count = Counter(kind_of[row] for row in rows).most_common(1)[0]
        enough = len(rows) >= context.settings.minimum_group
        if task and enough and count >= context.settings.majority_share * len(rows):
            for row in rows:
                if kind_of[row] != number and id(kinds[number]) not in followers:
                    find(row, kinds[number], "the task")
    return list(findings.values())


def _listed(names: Iterable[str]) -> str:
    shown = [f"'{name[:30]}'" for name in names]
    return ", ".join(shown[:4]) + (", …" if len(shown) > 4 else "")
