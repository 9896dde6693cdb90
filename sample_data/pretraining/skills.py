"""The kinds of documents that the corpus is mixed from; each is one function from a random generator to messages.

A document is a list of messages, for example

    [{"role": "user", "content": "Fill in animal, coat, age.\nIts plumage was fluffed up. ..."},
     {"role": "assistant", "content": '{"animal": "stork", "coat": "feathers", "age": "young"}'}]

What is covered: notes to JSON objects and to single labels, letters of clubs, small-world stories and questions about
them, copies (of sentences and of random tokens), key and value look-up, extraction, lists, small sums, spelling, other
instruction formats. What is not: the two sample tasks, their names, keys and labels (`purity.py` checks it).
"""

import json
import random
from collections.abc import Callable

from sample_data.pretraining import words
from sample_data.pretraining.aspects import ASPECTS, TOPICS
from sample_data.pretraining.common import COMMON

Messages = list[dict[str, str]]
Skill = Callable[[random.Random], Messages]


def turn(user: str, assistant: str, system: str = "") -> Messages:
    """Make a conversation of one question and one answer."""
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": user}, {"role": "assistant", "content": assistant}]


def capital(text: str) -> str:
    """Write the first letter large."""
    return text[:1].upper() + text[1:]


def misspell(rng: random.Random, text: str, rate: float = 0.03) -> str:
    """Drop, double or swap letters here and there."""
    letters = list(text)
    for place in range(1, len(letters) - 1):
        if letters[place].isalpha() and rng.random() < rate:
            kind = rng.randrange(3)
            if kind == 0:
                letters[place] = ""
            elif kind == 1:
                letters[place] *= 2
            else:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def some_thing(rng: random.Random) -> str:
    """Name a thing, often with an adjective or a colour."""
    noun = rng.choice(words.THINGS[rng.choice(("animal", "fruit", "vegetable", "furniture", "clothing", "plant", "tool"))])
    adjective = rng.choice((*words.ADJECTIVES, *words.COLOURS)) if rng.random() < 0.6 else ""
    phrase = f"{adjective} {noun}".strip()
    article = rng.choice(("the", "a", "her", "his", "my", "our"))
    return f"{'an' if article == 'a' and phrase[0] in 'aeiou' else article} {phrase}"


def sentence(rng: random.Random, name: str = "") -> str:
    """Tell one small thing that somebody did."""
    who = name or rng.choice((rng.choice(words.NAMES), f"The {rng.choice(words.THINGS['job'])}", "My sister", "We", "I", "They"))
    deed = rng.choice(words.DEEDS).format(a=some_thing(rng))
    tail = rng.choice((rng.choice(words.PLACES), rng.choice(words.TIMES), ""))
    return f"{who} {deed} {tail}".strip() + "."


def identifier(rng: random.Random) -> str:
    """Make a short code of letters and digits."""
    return "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randint(1, 2))) + str(rng.randint(10, 99999))


def note(rng: random.Random, topic: str, keys: list[str]) -> tuple[str, dict[str, str]]:
    """Write a note on a topic that tells one value of each key, in any order, between other remarks."""
    subjects = TOPICS[topic][0]
    labels = {topic: rng.choice(subjects)}
    lines = [rng.choice(("About the {s}", "Here is my note on the {s}", "The {s}", "{s}", "I write of the {s}", "A word on the {s}"))
             .format(s=labels[topic])]  # fmt: skip
    told = []
    for key in keys:
        labels[key] = rng.choice(list(ASPECTS[key]))
        told.append(rng.choice(ASPECTS[key][labels[key]]))
    if rng.random() < 0.7:
        told.append(rng.choice((rng.choice(words.SAYINGS).rstrip("."), sentence(rng).rstrip("."), f"the number was {identifier(rng)}")))
    rng.shuffle(told)
    if rng.random() < 0.6:
        told.insert(rng.randrange(len(told) + 1), lines[0])
    else:
        told.insert(0, lines[0])
    text = ""
    for part in told:
        joiner = rng.choice((". ", ". ", ". ", ", ", " and ", "! ", " - ")) if text else ""
        text += joiner + (capital(part) if joiner[:1] in ".!" or not text else part)
    text = text + rng.choice((".", ".", "", "!"))
    if rng.random() < 0.25:
        text = misspell(rng, text, 0.015)
    if rng.random() < 0.3:
        text = rng.choice((f"{rng.choice(words.NAMES)}: {text}", f"{text} {rng.choice(words.NAMES)}", f"Note {identifier(rng)}. {text}"))
    return text, labels


def note_to_object(rng: random.Random) -> Messages:
    """Ask for a note as a JSON object: keys listed, or always all of a topic's keys."""
    topic = rng.choice(list(TOPICS))
    keys = rng.sample(TOPICS[topic][1], rng.randint(2, 4))
    text, labels = note(rng, topic, keys)
    first = rng.random() < 0.7
    order = [topic, *keys] if first else [*keys, topic]
    answer = json.dumps({key: labels[key] for key in order})
    request = ", ".join(order)
    user = rng.choice(
        (f"Fill in {request}.\n{text}", f"{text}\nKeys: {request}", f"Note: {text}\nForm: {request}", f"As JSON ({request}): {text}")
    )
    return turn(user, answer)


def topic_form(rng: random.Random) -> Messages:
    """Ask for a topic's fixed form, without naming its keys: the first three of them, always in one order."""
    topic = rng.choice(list(TOPICS))
    keys = list(TOPICS[topic][1][:3])
    text, labels = note(rng, topic, keys)
    answer = json.dumps({key: labels[key] for key in (topic, *keys)})
    return turn(f"{capital(topic)}: {text}", answer)


def note_to_label(rng: random.Random) -> Messages:
    """Ask for one value only, with or without the choices."""
    topic = rng.choice(list(TOPICS))
    keys = rng.sample(TOPICS[topic][1], rng.randint(1, 3))
    text, labels = note(rng, topic, keys)
    key = rng.choice(keys)
    choices = rng.sample(list(ASPECTS[key]), len(ASPECTS[key]))
    user = rng.choice((f"{text}\nWhat is the {key}?", f"Choose the {key}: {', '.join(choices)}.\n{text}", f"{key} of this note: {text}"))
    return turn(user, rng.choice((labels[key], labels[key], capital(labels[key]) + ".")))


def invented_labels(rng: random.Random) -> Messages:
    """Label notes by made-up words that examples in the same conversation tell: learning from the context."""
    key = rng.choice(list(ASPECTS))
    values = rng.sample(list(ASPECTS[key]), 2)
    codes = rng.sample([identifier(rng).lower() for _ in range(2)] + rng.sample(sorted(words.ADJECTIVES), 2), 2)
    messages: Messages = []
    order = [0, 1] if rng.random() < 0.5 else [1, 0]
    order += [rng.randrange(2) for _ in range(rng.randint(1, 4))]
    for which in order:
        phrase = capital(rng.choice(ASPECTS[key][values[which]])) + "."
        messages += turn(phrase, json.dumps({"kind": codes[which]}) if len(messages) % 4 > 5 else codes[which])
    return messages


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
        lines.append(f"{rng.choice(words.LINKS)} {line[0].lower() if not line.startswith(words.NAMES) else line[0]}{line[1:]}"
                     if rng.random() < 0.5 else capital(line))  # fmt: skip
        if rng.random() < 0.3:
            lines.append(rng.choice(words.SAYINGS))
    user = rng.choice((f"Tell a story about {name}.", f"What did {name} do?", f"Write about {name}, please.", f"{name}?"))
    return turn(user, " ".join(lines))


def story_question(rng: random.Random) -> Messages:
    """Ask who did something in a text of several sentences."""
    people = rng.sample(words.NAMES, rng.randint(2, 4))
    facts = []
    for name in people:
        thing = some_thing(rng)
        facts.append((name, rng.choice(("found", "sold", "lost", "painted", "carried", "hid", "wants", "has")), thing, rng.choice(words.PLACES)))
    text = " ".join(f"{name} {verb} {thing} {place}." for name, verb, thing, place in facts)
    name, verb, thing, place = rng.choice(facts)
    question, answer = rng.choice(
        ((f"Who {verb} {thing}?", name), (f"Where was {name}?", capital(place) + "."), (f"What about {name}?", f"{name} {verb} {thing}."))
    )
    return turn(f"{text}\n{question}", answer)


def copy_text(rng: random.Random) -> Messages:
    """Repeat a sentence, part of it, or words in a row, exactly."""
    text = rng.choice((sentence(rng), rng.choice(words.SAYINGS), rng.choice(words.SAYINGS) + " " + sentence(rng)))
    user = rng.choice(("Repeat: {t}", "Copy this line.\n{t}", "Say it again: {t}", "{t}\nWrite the line above once more."))
    return turn(user.format(t=text), text)


def copy_codes(rng: random.Random) -> Messages:
    """Repeat codes and made-up words exactly."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    parts = [
        identifier(rng) if rng.random() < 0.3 else capital("".join(rng.choice(letters) for _ in range(rng.randint(2, 7))))
        if rng.random() < 0.5 else "".join(rng.choice(letters) for _ in range(rng.randint(2, 8)))
        for _ in range(rng.randint(1, 8))
    ]  # fmt: skip
    text = rng.choice((" ", ", ", "-")).join(parts)
    return turn(f"{rng.choice(('Repeat', 'Copy', 'Again'))}: {text}", text)


def word_row(rng: random.Random) -> Messages:
    """Repeat, join or pick from a row of common words, so that each word is both read and written."""
    row = [rng.choice(COMMON) if rng.random() < 0.85 else capital(rng.choice(COMMON)) for _ in range(rng.randint(3, 10))]
    choice = rng.randrange(5)
    if choice == 0:
        return turn(f"Last word? {' '.join(row)}", row[-1])
    if choice == 1:
        return turn(f"What comes after {row[1]}? {' '.join(row)}", row[row.index(row[1]) + 1])
    if choice == 2:
        return turn(f"As JSON: {row[0]} is {row[1]}, {row[2]} is {row[-1]}", json.dumps({row[0]: row[1], row[2]: row[-1]}))
    return turn(f"{rng.choice(('Repeat', 'Copy', 'Say it again'))}: {' '.join(row)}", " ".join(row))


def look_up(rng: random.Random) -> Messages:
    """Give the value of one key of a list."""
    keys = rng.sample([*COMMON, *words.THINGS["animal"], *words.THINGS["tool"], *words.NAMES[:40]], rng.randint(3, 6))
    values = [rng.choice((rng.choice(words.COLOURS), str(rng.randint(1, 999)), rng.choice(COMMON), identifier(rng))) for _ in keys]
    key = rng.randrange(len(keys))
    form = rng.random()
    if form < 0.4:
        text = "\n".join(f"{k}: {v}" for k, v in zip(keys, values, strict=True))
    elif form < 0.7:
        text = json.dumps(dict(zip(keys, values, strict=True)))
    else:
        text = ", ".join(f"{k} = {v}" for k, v in zip(keys, values, strict=True))
    return turn(f"{text}\n{rng.choice(('What is {k}?', '{k}?', 'Give me the value of {k}.')).format(k=keys[key])}", values[key])


def extract(rng: random.Random) -> Messages:
    """Take a name, a day, a code or a colour out of a sentence, as text or as an object."""
    name, day, code, colour = rng.choice(words.NAMES), rng.choice(words.THINGS["day"]), identifier(rng), rng.choice(words.COLOURS)
    noun = rng.choice(words.THINGS[rng.choice(("animal", "clothing", "tool"))])
    text = rng.choice(
        ("On {d} {n} left a {c} {t} under number {i}.", "{n} came on {d} for the {c} {t}, see {i}.", "{i}: the {c} {t} of {n}, {d}.",
         "The {c} {t} is with {n} until {d}. Its mark is {i}.", "I am {n}. My {c} {t} ({i}) got lost on {d}.")
    ).format(d=day, n=name, c=colour, t=noun, i=code)  # fmt: skip
    facts = {"name": name, "day": day, "mark": code, "colour": colour, "thing": noun}
    keys = rng.sample(list(facts), rng.randint(1, 3))
    if rng.random() < 0.5:
        return turn(f"{text}\n{', '.join(keys)}?", ", ".join(facts[key] for key in keys))
    return turn(f"Take {', '.join(keys)} from: {text}", json.dumps({key: facts[key] for key in keys}))


def lists(rng: random.Random) -> Messages:
    """Sort, reverse, count, filter or name the kind of things."""
    kind = rng.choice(list(words.THINGS))
    members = rng.sample(words.THINGS[kind], min(len(words.THINGS[kind]), rng.randint(3, 5)))
    row = ", ".join(members)
    choice = rng.randrange(7)
    if choice == 0:
        return turn(f"Sort by letter: {row}", ", ".join(sorted(members)))
    if choice == 1:
        return turn(f"Backwards: {row}", ", ".join(reversed(members)))
    if choice == 2:
        return turn(f"How many words? {row}", str(len(members)))
    if choice == 3:
        return turn(f"What are these? {row}", f"Each is a {kind}.")
    if choice == 4:
        return turn(f"Name {len(members)} of the kind {kind}.", "\n".join(f"- {member}" for member in members))
    if choice == 5:
        return turn(f"As a JSON list: {row}", json.dumps(members))
    other = rng.choice(words.THINGS[rng.choice([name for name in words.THINGS if name != kind])])
    mixed = [*members, other]
    rng.shuffle(mixed)
    return turn(f"Which does not fit? {', '.join(mixed)}", other)


def small_sum(rng: random.Random) -> Messages:
    """Add, take away or compare small numbers."""
    a, b = rng.randint(0, 99), rng.randint(0, 20)
    return rng.choice(
        (turn(f"{a} + {b} =", str(a + b)), turn(f"What is {a + b} minus {b}?", str(a)), turn(f"Which is more, {a} or {b + 100}?", str(b + 100)))
    )


def respell(rng: random.Random) -> Messages:
    """Mend misspelt sentences."""
    text = sentence(rng) + (" " + rng.choice(words.SAYINGS) if rng.random() < 0.5 else "")
    return turn(f"Mend the spelling: {misspell(rng, text, 0.06)}", text)


def other_format(rng: random.Random) -> Messages:
    """Write another document as the plain text of other instruction formats."""
    inner = rng.choice((story_question, look_up, lists, letter, note_to_label, extract))(rng)
    question, answer = inner[-2]["content"], inner[-1]["content"]
    form = rng.randrange(3)
    if form == 0:
        return turn(f"### Instruction:\n{question}\n\n### Response:", answer)
    if form == 1:
        return turn(f"Q: {question}\nA:", answer)
    return turn(question, answer, rng.choice(("Answer the question.", "You are a helpful assistant.", "Be brief.", "Answer as well as you can.")))


# Shares of documents. Most are notes, since what tuning needs most is to read labels off phrases.
MIX: dict[Skill, float] = {
    note_to_object: 0.20, topic_form: 0.12, note_to_label: 0.09, invented_labels: 0.06, letter: 0.12, story: 0.03, story_question: 0.04,
    copy_text: 0.05, copy_codes: 0.04, word_row: 0.10, look_up: 0.05, extract: 0.04, lists: 0.03, small_sum: 0.01, respell: 0.02, other_format: 0.03,
}  # fmt: skip
