"""Sums in the answer that are false: "25 x 8 = 150".

1: every written-out sum is right. 0: one is not. Only plain sums of two to six numbers with one kind of rounding are
read; a result may be rounded to the digits it shows, and a percent sign, currency or unit beside a number, or a term
or a sign before the sum or after its result, leave the sum unread. A dash that opens a line may be a list's mark or a
minus: the sum is false when it is false either way.
"""

import re
from decimal import Decimal, InvalidOperation

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

_NUMBER = r"\d{1,9}(?:,\d{3})*(?:\.\d{1,6})?"
SUM = rf"(?:^|[\s(:])({_NUMBER}(?:[ \t]*[-+*/×÷x][ \t]*{_NUMBER}){{1,5}})[ \t]*=[ \t]*(-?{_NUMBER})(?:[\s.,;)!]|$)"
_SUM = re.compile(SUM, re.MULTILINE)
# What follows a result that is only one side of an equation, what precedes a sum that is only its end.
_CONTINUED = re.compile(r"[ \t]*[-+*/×÷x^][ \t]*[\d(]")
_TERM = re.compile(r"[-+*/×÷^)]$")
_BULLETS = ("-", "*", "+")
_TOKEN = re.compile(rf"{_NUMBER}|[-+*/×÷x]")


@scorer(
    name="arithmetic",
    title="False sum",
    dimension="correct",
    suggests="review",
    alone=True,
    description="The answer writes out a sum whose result is wrong.",
)
def score_arithmetic(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Check every written-out sum."""
    findings = []
    for row in rows_matching(examples["completion"], r"\d\s*[-+*/×÷x]\s*\d[^=\n]{0,60}=\s*-?\d"):
        for found in _SUM.finditer(examples["completion"][row]):
            text, said = found.string, found.group(2)
            if _CONTINUED.match(text, found.end(2)):
                continue
            before = text[text.rfind("\n", 0, found.start(1)) + 1 : found.start(1)].rstrip()
            right = result_of(found.group(1))
            if right is None or _equal(right, said) or (before.strip() not in _BULLETS and _TERM.search(before)):
                continue
            negative = result_of(f"0-{found.group(1).strip()}") if before.strip() == "-" else None
            if negative is None or not _equal(negative, said):
                shown = f"{round(right, 4).normalize():f}"
                reason = f"{found.group(1).strip()} is {shown}, not {said}."
                findings.append(Finding(row, 0.0, reason, found.start(1), found.end(2)))
                break
    return judged(examples, findings)


def result_of(expression: str) -> Decimal | None:
    """Work out a sum of plain numbers, products before sums; None where it divides by zero."""
    tokens = _TOKEN.findall(expression)
    values = [Decimal(tokens[0].replace(",", ""))]
    signs: list[str] = []
    try:
        for sign, token in zip(tokens[1::2], tokens[2::2], strict=True):
            number = Decimal(token.replace(",", ""))
            if sign in "*×x":
                values[-1] *= number
            elif sign in "/÷":
                values[-1] /= number
            else:
                signs.append(sign)
                values.append(number)
    except (InvalidOperation, ArithmeticError, ValueError):
        return None
    total = values[0]
    for sign, value in zip(signs, values[1:], strict=True):
        total = total + value if sign == "+" else total - value
    return total


def _equal(right: Decimal, said: str) -> bool:
    """Compare at the digits that are shown, rounded either way."""
    given = Decimal(said.replace(",", ""))
    exponent = given.as_tuple().exponent
    step = Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(1)
    return abs(right - given) < step if exponent else right == given or (abs(right - given) < 1 and right % 1 != 0)
