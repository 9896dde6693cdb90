"""What a rule can say, as the end of a command's help."""

from workbench.rules import FIELDS


def rule_help() -> str:
    """Return the fields of rules, one a line, with examples."""
    width = max(map(len, FIELDS))
    listed = "\n".join(f"  {name:<{width}}  {meaning}" for name, meaning in FIELDS.items())
    return (
        "\b\nA rule is field=value, several joined by 'and'; field=one|another takes either;"
        "\nquotation marks keep 'and' and | in a value. For example:"
        '\n  "state=pending and suggestion=drop"'
        "\n  \"quality<0.4 and source=old-export|forum and text='rock and roll'\""
        f"\n\n\b\nFields:\n{listed}"
    )
