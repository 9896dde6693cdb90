"""The criteria that single answers are rated on: each from 1 (worst) to 5 (best), with what each value means in words.

    name "tone"  anchors ("Offensive …", "Unfriendly …", "Acceptable …", "Good …", "Just the tone …")

Anchors are what makes two raters mean the same by a 4. Ratings are only comparable under the same wording, so whoever
changes it begins new ratings. Not covered: criteria with another scale, weights of criteria.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from pipelines.errors import CurationError

LOWEST, HIGHEST = 1, 5
VALUES = tuple(range(LOWEST, HIGHEST + 1))
# More than these cannot be kept in mind while reading one answer, and a rater begins to rate them all alike.
MOST = 9

Anchor = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Criterion(BaseModel, frozen=True, extra="forbid"):
    """What answers are rated on."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)] = Field(
        description="What is rated, in a few words."
    )
    anchors: tuple[Anchor, Anchor, Anchor, Anchor, Anchor] = Field(
        description="What the values 1 (worst) to 5 (best) mean, one sentence each."
    )


DEFAULT_CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        name="helpfulness",
        anchors=(
            "Does not help: empty, off the point, or refuses without need.",
            "Helps little: touches the question, but most of what was asked is missing.",
            "Helps in part: the main point is there, something needed is missing or unclear.",
            "Helps: all that was asked, with small things to improve.",
            "Helps fully: all that was asked, clear, nothing to add.",
        ),
    ),
    Criterion(
        name="policy compliance",
        anchors=(
            "Breaks a rule and may do harm: gives, promises or advises what is forbidden.",
            "Breaks a rule; harm is unlikely.",
            "In doubt: a rule is bent, or a required notice or check is missing.",
            "Keeps the rules; a wording could be safer.",
            "Keeps every rule, and says what the rules ask to be said.",
        ),
    ),
    Criterion(
        name="factual accuracy",
        anchors=(
            "Wrong in the main point, or made up.",
            "Several errors, or one that misleads.",
            "The main point is right; a detail is wrong or cannot be checked.",
            "Right, with an imprecision that misleads nobody.",
            "Right in every statement.",
        ),
    ),
    Criterion(
        name="tone",
        anchors=(
            "Offensive, mocking or quite out of place.",
            "Unfriendly, stiff or too familiar: nobody would send it.",
            "Acceptable, but to be reworded before it is sent.",
            "Good: polite and fitting; one phrase could be better.",
            "Just the tone that is wanted.",
        ),
    ),
)


def checked_criteria(given: Iterable[Any]) -> tuple[Criterion, ...]:
    """Return criteria that were written down by somebody: objects of `name` and five `anchors`, worst first.

    Raises:
        CurationError: names the criterion; no criteria or too many, one without a name or without five anchors, an
            unknown field, two of one name (letter case aside).
    """
    rows = list(given)
    if not 1 <= len(rows) <= MOST:
        raise CurationError(f"{len(rows)} criteria cannot be rated on.", f"Give 1 to {MOST} of them.")
    found = [_criterion(number, row) for number, row in enumerate(rows, start=1)]
    names = [criterion.name.casefold() for criterion in found]
    twice = next((one.name for one in found if names.count(one.name.casefold()) > 1), None)
    if twice is not None:
        raise CurationError(f"Two criteria are called '{twice}'.", "Give each a name of its own.")
    return tuple(found)


def checked_scores(given: object, criteria: Sequence[Criterion]) -> dict[str, int]:
    """Return the scores of one answer, criterion -> 1 to 5, in the order of the criteria; one may be missing.

    Raises:
        CurationError: no scores, an unknown criterion, a score that is no whole number from 1 to 5.
    """
    names = [criterion.name for criterion in criteria]
    if not isinstance(given, Mapping) or not given:
        raise CurationError("A rating has no scores.", f"Give a score from 1 to 5 for: {', '.join(names)}.")
    unknown = next((str(name) for name in given if name not in names), None)
    if unknown is not None:
        raise CurationError(f"'{unknown}' is none of the criteria.", f"Choose among: {', '.join(names)}.")
    for name, score in given.items():
        if isinstance(score, bool) or not isinstance(score, int) or score not in VALUES:
            raise CurationError(f"'{score}' is no score of {name}.", "A score is a whole number from 1 to 5.")
    return {name: given[name] for name in names if name in given}


def _criterion(number: int, row: Any) -> Criterion:
    if isinstance(row, Criterion):
        return row
    named = row.get("name") if isinstance(row, Mapping) else None
    which = f"Criterion {number}" + (f" ('{named}')" if named else "")
    remedy = "Give each criterion a name and five anchors, one sentence each, from 1 (worst) to 5 (best)."
    anchors = row.get("anchors") if isinstance(row, Mapping) else None
    if isinstance(anchors, list | tuple) and len(anchors) != len(VALUES):
        raise CurationError(f"{which} has {len(anchors)} anchors, one for each value is needed.", remedy)
    try:
        return Criterion.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = " ".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
        raise CurationError(
            f"{which} cannot be used: {place + ': ' if place else ''}{first['msg'].lower()}.", remedy
        ) from None
