"""How large a regular expression becomes when its counted repetitions are written out.

The engine (Rust's `regex`, as Polars has it) never goes back in a text, so that a pattern such as `(x+x+)+y` costs time
in proportion to the text. But it copies what is counted: `(x{1,100}){1,100}` is 10,000 states, of which any may be
alive at each character; measured, 18 CPU-seconds for 100,000 characters. Patterns of at most 500 took under a second.

    (a{1,20}){1,25}b     501

The size is counted too high where in doubt, never too low. Not covered: comments and blanks in patterns (flag `x`),
which are refused.
"""

import re

LARGEST = 500
_COUNT = re.compile(r"\{\s*(\d*)\s*(?:,\s*(\d*)\s*)?\}")
_VERBOSE = re.compile(r"\(\?[A-Za-z]*-?[A-Za-z]*x")
_NAMED_ESCAPE = re.compile(r"[pPxuU]\{[^}]*\}")


def is_verbose(pattern: str) -> bool:
    """Tell whether a pattern switches the flag `x` on (or off): blanks in it then mean nothing."""
    return _VERBOSE.search(pattern) is not None


def pattern_size(pattern: str) -> int:
    """Return how many characters, classes and groups a pattern holds with its counted repetitions written out.

    Args:
        pattern: a regular expression; one that is none gets some number. An empty one has size 0.
    """
    # Of every open group: what stands before its last part, and that part, which a count behind it would multiply.
    levels: list[tuple[int, int]] = [(0, 0)]
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        before, last = levels[-1]
        counted = _COUNT.match(pattern, place) if letter == "{" else None
        if letter == "(":
            levels.append((0, 0))
            place += 1
        elif letter == ")":
            if len(levels) > 1:
                inside = sum(levels.pop())
                levels[-1] = (sum(levels[-1]), inside)
            else:
                # Closes nothing: all that stands before it is taken for the group.
                levels[-1] = (0, sum(levels[-1]))
            place += 1
        elif counted is not None:
            numbers = [int(number) for number in counted.groups() if number]
            levels[-1] = (before, last * max([*numbers, 1]))
            place = counted.end()
        else:
            levels[-1] = (before + last, 1)
            place = _behind(pattern, place)
    return sum(before + last for before, last in levels)


def _behind(pattern: str, place: int) -> int:
    """Return the place behind one character, escape or class."""
    if pattern[place] == "\\":
        named = _NAMED_ESCAPE.match(pattern, place + 1)
        return named.end() if named else place + 2
    if pattern[place] != "[":
        return place + 1
    depth, place = 1, place + 1
    if pattern[place : place + 1] == "^":
        place += 1
    if pattern[place : place + 1] == "]":
        place += 1
    while place < len(pattern) and depth:
        letter = pattern[place]
        depth += (letter == "[") - (letter == "]")
        place += 2 if letter == "\\" else 1
    return place
