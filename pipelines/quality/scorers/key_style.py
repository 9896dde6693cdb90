"""Field names of JSON that are written in another way than the others of their kind write them.

1: every field is spelled as usual (`order_id`). 0: one is a variant of a usual spelling (`orderId`, `Order-ID`). What
is usual is what at least `majority_share` of the objects of one kind do (`json_shape.py`), so that no list of names is
needed. Source: METHODS 2.3.
"""

import re

import polars as pl

from pipelines.quality.json_shape import fields_of, kinds_of
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
    for kind in kinds_of(objects):
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
    return judged(examples, findings, objects)
