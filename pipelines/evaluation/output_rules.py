"""Rules that a project writes for its outputs, each a metric: 1 where an output keeps the rule, 0 where it does not.

    {"name": "greets", "kind": "matches", "value": "^(Hello|Hi) "}
    {"name": "no_promise", "kind": "lacks", "value": "guarantee", "ignore_case": true}
    {"name": "intent_known", "kind": "json_equals", "path": "$.intent", "value": "refund", "examples": "json"}
    {"name": "short", "kind": "at_most_words", "value": "60"}

A rule holds no code. Texts are compared as they stand, or with letter case aside. Regular expressions are Rust's (no
look-around, no references back): they take time in proportion to the text, and a pattern that counted repetitions make
larger than `pattern_size.LARGEST` is refused. A path is `$`, then `.name`, `['name']` or `[0]`, as often as needed; the
value there must equal the rule's value, read as JSON where it is JSON and as text where it is not.

The metric of a rule is called `rule_NAME`. Not covered: rules that compare an output with its reference or prompt.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from pipelines.errors import CurationError
from pipelines.evaluation.json_objects import equal_values
from pipelines.evaluation.pattern_size import LARGEST, is_verbose, pattern_size
from pipelines.evaluation.registry import Metric, MetricContext

PREFIX = "rule_"
MOST = 30
Kind = Literal["contains", "lacks", "matches", "json_equals", "at_most_words", "at_most_characters"]
KINDS: dict[Kind, str] = {
    "contains": "contains the text",
    "lacks": "does not contain the text",
    "matches": "matches the regular expression",
    "json_equals": "is JSON whose value at the path equals",
    "at_most_words": "has at most as many words",
    "at_most_characters": "has at most as many characters",
}
_COUNTED = ("at_most_words", "at_most_characters")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,9})\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")
_NOTHING = object()


class OutputRule(BaseModel, frozen=True, extra="forbid"):
    """One rule."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        description="Its name: small letters, digits, underscores."
    )
    kind: Kind = Field(description="What an output must be like.")
    value: str = Field(max_length=1000, description="The text, pattern, JSON value or number that the kind needs.")
    path: str = Field("", max_length=200, description="Where in a JSON output the value stands, such as $.intent.")
    ignore_case: bool = Field(False, description="Whether upper and lower case are the same.")
    examples: Literal["all", "json", "text"] = Field(
        "all", description="Measured on all examples, on those with a JSON reference, or on the others."
    )

    @property
    def metric(self) -> str:
        """What the rule is called among the metrics."""
        return f"{PREFIX}{self.name}"

    @property
    def description(self) -> str:
        """The rule in words."""
        value = self.value if self.kind in _COUNTED else f"'{self.value}'"
        at = f" ({self.path})" if self.kind == "json_equals" else ""
        return f"1 where the output {KINDS[self.kind]}{at} {value}{', case aside' if self.ignore_case else ''}, else 0."


def checked_rules(given: Iterable[Any]) -> tuple[OutputRule, ...]:
    """Return rules that somebody wrote down; none is a choice too.

    Raises:
        CurationError: names the rule: a field that is missing or unknown, two of one name, an empty text, a pattern
            that is none or too large, a path that is none, a limit that is no number.
    """
    rows = list(given)
    if len(rows) > MOST:
        raise CurationError(f"{len(rows)} rules are too many.", f"Keep {MOST} at most: each makes all others stricter.")
    rules = [_rule(number, row) for number, row in enumerate(rows, start=1)]
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise CurationError(f"Two rules are called '{twice}'.", "Give each a name of its own.")
    return tuple(rules)


def _rule(number: int, row: Any) -> OutputRule:
    try:
        rule = row if isinstance(row, OutputRule) else OutputRule.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = " ".join(str(part) for part in first["loc"])
        named = row.get("name") if isinstance(row, Mapping) else None
        raise CurationError(
            f"Rule {number}{f' ({named!r})' if named else ''} cannot be used: {place + ': ' if place else ''}"
            f"{first['msg'].lower()}.",
            f"A rule has a name, a kind ({', '.join(KINDS)}) and a value.",
        ) from None
    where = f"Rule '{rule.name}'"
    if rule.kind in _COUNTED:
        if not rule.value.strip().isascii() or not rule.value.strip().isdigit():
            raise CurationError(f"{where}: '{rule.value}' is no number.", "Give a whole number, such as 60.")
    elif not rule.value and rule.kind != "json_equals":
        raise CurationError(f"{where} has an empty value.", "Give the text or the pattern.")
    if rule.kind == "json_equals":
        steps_of(rule.path, where)
    if rule.kind == "matches":
        _check_pattern(rule, where)
    return rule


def _check_pattern(rule: OutputRule, where: str) -> None:
    pattern = rule.value
    if is_verbose(pattern):
        raise CurationError(f"{where}: the flag x is not taken.", "Write the pattern without blanks and comments.")
    size = pattern_size(pattern)
    if size > LARGEST:
        raise CurationError(
            f"{where}: with its repetitions written out the pattern has {size:,} parts, {LARGEST} at most are taken.",
            "Use + or * in the place of large counts, or at_most_words for a limit of length.",
        )
    try:
        for one in (pattern, _pattern_of(rule)):
            _matching([""], one)
    except pl.exceptions.PolarsError as error:
        told = " ".join(line.strip() for line in str(error).splitlines() if line.strip().startswith("error:"))
        raise CurationError(
            f"{where}: '{pattern}' is no regular expression that can be used ({told or 'it is too large'}).",
            "Look-around and references back are not known; see https://docs.rs/regex for what is.",
        ) from None


def steps_of(path: str, where: str = "The rule") -> list[str | int]:
    """Return the names and places that a path goes through; `$` alone is the whole value.

    Raises:
        CurationError: the text is no path.
    """
    rest = path.strip().removeprefix("$")
    # A path may begin with a name: intent is $.intent.
    rest = f".{rest}" if rest and rest[0] not in ".[" else rest
    steps: list[str | int] = []
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise CurationError(f"{where}: '{path}' is no path.", "Write it as $.order.items[0] or $['order id'].")
        name, place, single, double = found.groups()
        steps.append(
            int(place) if place is not None else next(one for one in (name, single, double) if one is not None)
        )
        rest = rest[found.end() :]
    return steps


def rule_metric(rule: OutputRule) -> Metric:
    """Return the rule as a metric: `pipelines.evaluation.module.evaluate_module` makes an `evaluate.Metric` of it."""
    keeps = _KEEPS[rule.kind]

    def scores(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
        return [float(kept) for kept in keeps(predictions, rule)]

    return Metric(rule.metric, rule.metric, rule.description, rule.examples, scores, default=False)


def _contains(texts: Sequence[str], rule: OutputRule) -> list[bool]:
    wanted = _folded(rule.value, rule)
    return [wanted in _folded(text, rule) for text in texts]


def _lacks(texts: Sequence[str], rule: OutputRule) -> list[bool]:
    return [not found for found in _contains(texts, rule)]


def _matches(texts: Sequence[str], rule: OutputRule) -> list[bool]:
    return _matching(texts, _pattern_of(rule))


def _pattern_of(rule: OutputRule) -> str:
    return f"(?i:{rule.value})" if rule.ignore_case else rule.value


def _matching(texts: Sequence[str], pattern: str) -> list[bool]:
    return pl.Series(texts, dtype=pl.String).str.contains(pattern, strict=True).to_list()


def _json_equals(texts: Sequence[str], rule: OutputRule) -> list[bool]:
    try:
        wanted: object = json.loads(rule.value)
    except (ValueError, RecursionError):
        wanted = rule.value
    steps = steps_of(rule.path)
    return [_equal(_at(text, steps), wanted, rule) for text in texts]


def _at(text: str, steps: Sequence[str | int]) -> object:
    try:
        value: Any = json.loads(text.strip())
    except (ValueError, RecursionError):
        return _NOTHING
    for step in steps:
        listed = isinstance(step, int) and isinstance(value, list) and step < len(value)
        if not listed and not (isinstance(step, str) and isinstance(value, dict) and step in value):
            return _NOTHING
        value = value[step]
    return value


def _equal(found: object, wanted: object, rule: OutputRule) -> bool:
    if found is _NOTHING:
        return False
    if isinstance(found, str) and not isinstance(wanted, str):
        # "12" as a text equals the value 12 that was written down: whoever writes a rule sees no quotation marks.
        wanted = rule.value
    if isinstance(found, str) and isinstance(wanted, str):
        return _folded(found, rule) == _folded(wanted, rule)
    return equal_values(found, wanted)


def _at_most_words(texts: Sequence[str], rule: OutputRule) -> list[bool]:
    return [len(text.split()) <= int(rule.value) for text in texts]


def _at_most_characters(texts: Sequence[str], rule: OutputRule) -> list[bool]:
    return [len(text) <= int(rule.value) for text in texts]


def _folded(text: str, rule: OutputRule) -> str:
    return text.casefold() if rule.ignore_case else text


_KEEPS: dict[str, Callable[[Sequence[str], OutputRule], list[bool]]] = {
    "contains": _contains,
    "lacks": _lacks,
    "matches": _matches,
    "json_equals": _json_equals,
    "at_most_words": _at_most_words,
    "at_most_characters": _at_most_characters,
}
