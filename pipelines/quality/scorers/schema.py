"""JSON whose fields, types or wrapping differ from the others of its kind.

1: as usual. 0.2: a field is missing that at least `required_share` of the objects of its kind have, a value has
another type than at least that share, a field stands there that no more than the rest have, or the JSON stands in a
code fence where the others do not (or the reverse), or it is no JSON in a task whose answers are at least by
`majority_share`. The sum of such deviations is not formed: one is enough to look.
Spelling is the matter of `key_style.py`. Source: METHODS 2.3.
"""

import re

import polars as pl

from pipelines.quality.json_shape import Kind, fields_of, kinds_of, type_name
from pipelines.quality.registry import Finding, ScoringContext, judged, scorer


@scorer(
    name="schema",
    title="Other fields than usual",
    dimension="format",
    suggests="review",
    description="A JSON field is missing, unusual or of another type than in the other examples of its kind.",
)
def score_schema(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find JSON objects that deviate from their kind."""
    texts = context.json_texts
    objects = {
        row: text.value
        for row, text in enumerate(texts)
        if text is not None and isinstance(text.value, dict) and text.value
    }
    findings = []
    for kind in kinds_of(objects):
        if len(kind.rows) < context.settings.minimum_group:
            continue
        fenced = sum(bool(text and text.fenced) for text in (texts[row] for row in kind.rows)) / len(kind.rows)
        required = context.settings.required_share
        expected = sorted(place for place in kind.spellings if kind.share(place) >= required)
        for row in kind.rows:
            text = texts[row]
            found = _deviation(objects[row], kind, expected, required)
            if (
                found is None
                and text is not None
                and (text.fenced if fenced <= 1 - required else not text.fenced and fenced >= required)
            ):
                found = (
                    (
                        "The JSON stands in a code fence; the others do not."
                        if text.fenced
                        else "The JSON stands bare; the others are in a code fence."
                    ),
                    None,
                )
            if found is not None:
                reason, name = found
                place = re.search(rf'"{re.escape(name)}"\s*:', examples["completion"][row]) if name else None
                findings.append(Finding(row, 0.2, reason, *(place.span() if place else (None, None))))
    other = _not_json(examples, context)
    findings += [Finding(row, 0.2, "The answer is not JSON; those of its task are.") for row in other]
    return judged(examples, findings, objects)


def _not_json(examples: pl.DataFrame, context: ScoringContext) -> list[int]:
    """Return the rows that answer with other text where the answers of their task are JSON."""
    settings = context.settings
    facts = pl.DataFrame(
        {"task": context.tasks, "json": [text is not None for text in context.json_texts]},
        schema={"task": pl.String, "json": pl.Boolean},
    ).with_columns(
        share=pl.col("json").mean().over("task"),
        size=pl.len().over("task"),
        blank=examples["completion"].str.strip_chars() == "",
    )
    odd = ~facts["json"] & ~facts["blank"] & (facts["share"] >= settings.majority_share)
    return (odd & (facts["size"] >= settings.minimum_group)).arg_true().to_list()


def _deviation(
    value: dict[str, object], kind: Kind, expected: list[str], required: float
) -> tuple[str, str | None] | None:
    """Return the first deviation as (reason, name of the field to show); None where there is none."""
    fields = list(fields_of(value))
    present = {place for place, _, _ in fields}
    for place in expected:
        parent = place.rpartition(".")[0]
        if place not in present and (not parent or parent in present):
            return f"The field '{kind.usual_spelling(place)[0]}' is missing.", None
    for place, name, inner in fields:
        if kind.share(place) <= 1 - required and len(kind.rows) * kind.share(place) < max(3, len(kind.rows) * 0.02):
            return f"The field '{name}' is in no more than {kind.share(place):.1%} of its kind.", name
        usual, share = kind.usual_type(place)
        if share >= required and type_name(inner) != usual:
            return f"The field '{name}' is {type_name(inner)}; usual is {usual}.", name
    return None
