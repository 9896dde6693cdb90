"""General instruction examples in the Alpaca format, to be mixed in against forgetting: nothing of the help desk."""

import random

NOUNS_TEXT = (
    "river tower bread garden letter window mountain bridge candle market forest island ladder mirror "
    "orchard pencil saddle thunder village wagon"
)
NOUNS = NOUNS_TEXT.split()
OPPOSITES = {
    "hot": "cold",
    "tall": "short",
    "early": "late",
    "dark": "bright",
    "full": "empty",
    "strong": "weak",
    "wide": "narrow",
    "old": "young",
    "loud": "quiet",
    "rough": "smooth",
    "deep": "shallow",
    "heavy": "light",
    "rich": "poor",
    "wet": "dry",
    "sharp": "blunt",
}
CAPITALS = {
    "Austria": "Vienna",
    "Portugal": "Lisbon",
    "Greece": "Athens",
    "Norway": "Oslo",
    "Peru": "Lima",
    "Kenya": "Nairobi",
    "Japan": "Tokyo",
    "Hungary": "Budapest",
    "Chile": "Santiago",
    "Ireland": "Dublin",
    "Finland": "Helsinki",
    "Egypt": "Cairo",
    "Cuba": "Havana",
}
PLURALS = {
    "mouse": "mice",
    "child": "children",
    "leaf": "leaves",
    "tooth": "teeth",
    "goose": "geese",
    "box": "boxes",
    "city": "cities",
    "sheep": "sheep",
    "knife": "knives",
    "foot": "feet",
    "baby": "babies",
    "potato": "potatoes",
    "wolf": "wolves",
}
ROWS = 300


def general_lines(seed: int) -> list[dict[str, str]]:
    """Return the rows in file order, no two alike."""
    rng = random.Random(seed)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    makers = (
        arithmetic,
        sorting,
        opposite,
        capital_of,
        plural,
        counting,
        reversing,
        first_letters,
        upper_case,
        longest,
    )
    while len(rows) < ROWS:
        instruction, given, output = (
            makers[len(rows) % len(makers)](rng) if rng.random() < 0.8 else rng.choice(makers)(rng)
        )
        rows.setdefault((instruction, given), {"instruction": instruction, "input": given, "output": output})
    return list(rows.values())


def some_nouns(rng: random.Random) -> list[str]:
    """Pick three to five nouns."""
    return rng.sample(NOUNS, rng.randint(3, 5))


def arithmetic(rng: random.Random) -> tuple[str, str, str]:
    """Add two numbers."""
    a, b = rng.randint(2, 99), rng.randint(2, 99)
    return "Add the two numbers.", f"{a} and {b}", f"{a + b}"


def sorting(rng: random.Random) -> tuple[str, str, str]:
    """Sort nouns."""
    nouns = some_nouns(rng)
    return "Sort the words by the alphabet.", ", ".join(nouns), ", ".join(sorted(nouns))


def opposite(rng: random.Random) -> tuple[str, str, str]:
    """Give the opposite of an adjective."""
    word = rng.choice(list(OPPOSITES))
    return rng.choice(("Give the opposite of the word.", "What is the opposite?")), word, OPPOSITES[word]


def capital_of(rng: random.Random) -> tuple[str, str, str]:
    """Name the capital of a country."""
    country = rng.choice(list(CAPITALS))
    return (
        rng.choice((f"Name the capital of {country}.", f"Which city is the capital of {country}?")),
        "",
        f"{CAPITALS[country]}.",
    )


def plural(rng: random.Random) -> tuple[str, str, str]:
    """Write the plural of a noun."""
    word = rng.choice(list(PLURALS))
    return rng.choice(("Write the plural of the noun.", "Turn the noun into its plural.")), word, PLURALS[word]


def counting(rng: random.Random) -> tuple[str, str, str]:
    """Count words."""
    nouns = some_nouns(rng)
    return "How many words are in the list?", ", ".join(nouns), f"{len(nouns)}"


def reversing(rng: random.Random) -> tuple[str, str, str]:
    """Reverse a list."""
    nouns = some_nouns(rng)
    return "Write the list backwards.", ", ".join(nouns), ", ".join(reversed(nouns))


def first_letters(rng: random.Random) -> tuple[str, str, str]:
    """Take first letters."""
    nouns = some_nouns(rng)
    return "Take the first letter of each word.", " ".join(nouns), "".join(noun[0] for noun in nouns)


def upper_case(rng: random.Random) -> tuple[str, str, str]:
    """Write in capitals."""
    nouns = some_nouns(rng)
    return "Write the words in capital letters.", " ".join(nouns), " ".join(nouns).upper()


def longest(rng: random.Random) -> tuple[str, str, str]:
    """Find the longest word; the first of several."""
    nouns = some_nouns(rng)
    return "Find the longest word.", ", ".join(nouns), max(nouns, key=len)
