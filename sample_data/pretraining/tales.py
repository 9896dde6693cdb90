"""Letters of clubs, short stories and questions about them."""

import random

from sample_data.pretraining import words
from sample_data.pretraining.sentences import (
    Messages,
    capital,
    misspell,
    sentence,
    some_thing,
    turn,
)


def letter(rng: random.Random) -> Messages:
    """Answer a letter to a club: its words fixed by the club, its thing and name copied from the letter."""
    club = rng.choice(list(words.CLUBS))
    thing = rng.choice(words.CLUB_THINGS[club])
    name = rng.choice(words.NAMES) if rng.random() < 0.85 else ""
    questions, answer = rng.choice(words.CLUBS[club])
    place = rng.randrange(len(words.OPENINGS)) if rng.random() < 0.3 else len(club) % len(words.OPENINGS)
    opening = words.OPENINGS[place].format(n=name or "friend")
    closing = words.CLOSINGS[place].format(c=club)
    question = rng.choice(questions).format(x=thing)
    if rng.random() < 0.4:
        question = rng.choice((sentence(rng), rng.choice(words.SAYINGS))) + " " + question
    user = rng.choice(words.ASKERS).format(q=question, n=name).strip() if name else question
    if rng.random() < 0.2:
        user = misspell(rng, user, 0.02)
    system = f"You write for the {club}." if rng.random() < 0.2 else ""
    messages = turn(user, f"{opening} {answer.format(x=thing)}. {closing}", system)
    if rng.random() < 0.15:
        more, other = rng.choice(words.CLUBS[club])
        messages += turn(rng.choice(more).format(x=thing), f"{opening} {other.format(x=thing)}. {closing}")
    return messages


def story(rng: random.Random) -> Messages:
    """Tell a short story of one person."""
    name = rng.choice(words.NAMES)
    lines = [sentence(rng, name)]
    for _ in range(rng.randint(2, 6)):
        line = sentence(rng, rng.choice((name, "", rng.choice(("he", "she")))))
        lines.append(
            f"{rng.choice(words.LINKS)} {line[0].lower() if not line.startswith(words.NAMES) else line[0]}{line[1:]}"
            if rng.random() < 0.5
            else capital(line)
        )
        if rng.random() < 0.3:
            lines.append(rng.choice(words.SAYINGS))
    user = rng.choice(
        (f"Tell a story about {name}.", f"What did {name} do?", f"Write about {name}, please.", f"{name}?")
    )
    return turn(user, " ".join(lines))


def story_question(rng: random.Random) -> Messages:
    """Ask who did something in a text of several sentences."""
    people = rng.sample(words.NAMES, rng.randint(2, 4))
    facts = []
    for name in people:
        thing = some_thing(rng)
        facts.append(
            (
                name,
                rng.choice(("found", "sold", "lost", "painted", "carried", "hid", "wants", "has")),
                thing,
                rng.choice(words.PLACES),
            )
        )
    text = " ".join(f"{name} {verb} {thing} {place}." for name, verb, thing, place in facts)
    name, verb, thing, place = rng.choice(facts)
    question, answer = rng.choice(
        (
            (f"Who {verb} {thing}?", name),
            (f"Where was {name}?", capital(place) + "."),
            (f"What about {name}?", f"{name} {verb} {thing}."),
        )
    )
    return turn(f"{text}\n{question}", answer)
