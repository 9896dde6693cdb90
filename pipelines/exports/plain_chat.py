r"""Chat lines of many conversations at once, where nothing has to be thought about.

    [{"content":"Hi","role":"user"},{"content":"Hello","role":"assistant"}]                              canonical
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}         as a line

A canonical form whose messages have a role (system, user, assistant) and a text alone, all of printable ASCII, becomes
its line by moving the role to the front: the text's JSON literal is the same in both. All else is left
to the row by row way, which gives the same bytes for these.

Not covered, and so written row by row: other letters (escaped in the file), calls, parts, weights, other keys.
"""

import polars as pl

# A text of printable ASCII as JSON writes it.
_TEXT = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_MESSAGE = rf'\{{"content":({_TEXT}),"role":"(system|user|assistant)"\}}'
_CONVERSATION = rf"\A\[{_MESSAGE}(?:,{_MESSAGE})*\]\z"


def plain_lines(canonical: pl.Series) -> pl.Series:
    """Write conversations as chat lines.

    Args:
        canonical: canonical messages.

    Returns:
        the lines without their ends, as `write_json_lines` would write them; null where a conversation is not plain.
    """
    text = pl.col("text")
    plain = text.str.contains(_CONVERSATION)
    turned = text.str.replace_all(rf"{_MESSAGE}(,?)", '{"role": "$2", "content": $1}$3 ')
    # Each message is followed by one blank, which is the one after a comma; the last one's is cut off with the bracket.
    line = pl.concat_str(pl.lit('{"messages": '), turned.str.slice(0, turned.str.len_chars() - 2), pl.lit("]}"))
    return canonical.alias("text").to_frame().select(pl.when(plain).then(line)).to_series()
