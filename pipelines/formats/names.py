"""Which column holds what: the names that data sets in the wild use, and the person's own mapping before them.

Names are compared without case and surrounding blanks; the first name of a list that is there wins.
"""

from collections.abc import Mapping, Sequence

# "user" comes last: in logs it often names who asked, beside the text that was asked.
PROMPT_NAMES = ("prompt", "question", "instruction", "input", "query", "user_message", "request", "text", "user")
COMPLETION_NAMES = ("completion", "answer", "output", "response", "reply", "assistant", "target", "chosen")
SYSTEM_NAMES = ("system", "system_prompt")
INPUT_NAMES = ("input", "context")

# What a person may map a column to.
FIELDS = (
    "messages",
    "conversations",
    "prompt",
    "completion",
    "system",
    "instruction",
    "input",
    "output",
    "text",
    "chosen",
    "rejected",
)


def find_name(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the column whose name comes first in the list of names, or None."""
    folded = {column.strip().casefold(): column for column in reversed(columns)}
    return next((folded[name] for name in names if name in folded), None)


def apply_mapping(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Name the columns as the mapping says.

    Args:
        columns: the columns of a row.
        mapping: {field: column}, such as {"prompt": "question"}.

    Returns:
        {name: column} for every column, in their order; one that a mapped field pushes out keeps its own name with a
        prime, so that it stays in the metadata.
    """
    chosen = {column: field for field, column in mapping.items() if column in columns}
    named: dict[str, str] = {}
    for column in columns:
        name = chosen.get(column, column)
        if column not in chosen and column in chosen.values():
            name = f"{column}'"
        named[name] = column
    return named
