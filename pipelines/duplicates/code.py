"""Code literals: what two pieces of otherwise equal code must share to be the same code.

Code is what stands in fences or backticks, and each line that reads as a statement. Of code count the identifiers,
the strings and the operators; comments, white space, brackets and commas do not.

    "x = a + b"   {x, a, b, =, +}
    "x = a - b"   {x, a, b, =, -}     each side holds a literal that the other lacks: not the same code

Not covered: numbers (they have a guard of their own), order of statements, languages without any of these signs.
"""

import re

FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
STATEMENT = re.compile(
    r"^[ \t]*(?:(?:def|class|async|public|private|static|function|const|let|var|import|#include)\b.*[\w)\]}>;:{\"']"
    r"|(?:if|for|while|elif|else|switch|try|except|catch)\b.*[:{]"
    r"|return\b[^.!?\n]*|SELECT\b.*|[^\n]*[;{}]|[\w.\[\]'\"]+\s*(?:[-+*/%|&]?=)\s*\S.*|[\w.]+\(.*\))[ \t]*$",
    re.MULTILINE,
)
COMMENT = re.compile(r"/\*.*?\*/|(?:^|(?<=\s))(?:#(?!include)|//)[^\n]*", re.DOTALL)
LITERAL = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"  # strings
    r"|[^\W\d]\w*"  # identifiers and words of the language
    r"|\*\*|//|<<|>>|&&|\|\||(?:==|!=|<=|>=|=>|->)=?|[-+*/%&|^]=|[-+*/%<>=&|^~!]"  # operators
)
# Beyond, a text is looked at up to here: what differs later is left to the other guards.
READ_CHARACTERS = 100_000


def code_literals(text: str) -> frozenset[str]:
    """Return the identifiers, strings and operators of the code in a text; none where it holds no code or is JSON."""
    if text.lstrip()[:1] in ("{", "["):
        return frozenset()
    text = text[:READ_CHARACTERS]
    fenced = FENCE.findall(text)
    pieces = fenced if fenced else [*INLINE.findall(text), *(found[0] for found in STATEMENT.finditer(text))]
    return frozenset(literal for piece in pieces for literal in LITERAL.findall(COMMENT.sub(" ", piece)))
