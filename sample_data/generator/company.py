"""The invented company: Moorfern, which sells six small things for the home, and how its customers write.

Everything that a label depends on is a phrase of this module, so a ticket's labels can be read off its text; `{p}`
stands for the product. Answers of the house voice depend on the topic and the product only.
"""


def row_of(text: str) -> tuple[str, ...]:
    """Read words parted by blanks."""
    return tuple(text.split())


COMPANY = "Moorfern"
PRODUCTS = {
    "kettle": "Tavio",
    "lamp": "Lumet",
    "heater": "Karvo",
    "speaker": "Velko",
    "radio": "Nordel",
    "toaster": "Brimo",
}
NAMES = row_of(
    "Marta Ben Chloe Daria Emil Fatima Greta Hugo Ines Jonas Karim Lena Marco Nadia Oscar Priya Rafael "
    "Selma Theo Uma Victor Wanda Yusuf Zara Amir Bella Clara Diego Elena Felix Gita Hana Ivan Julia Kofi "
    "Lucas Mira Nora Olga Pavel Rosa Samir Tilda Viola Anton Bruno Cora Dana Edgar Flora Gino Henry Ida "
    "Jasper Kate Leo Mona Nico Otto Petra Quinn Ruth Simon Tara Vera Will Yara Adele Boris Cyril Doris "
    "Esra Frida Gabor Heidi Igor Joan Kira Lars Milo Nell Omar Pia Remo Sofia Timo Ulla Vito Zoë René "
    "Jürgen José Chen Aisha Noah Maja Alma Rita Hannes Ewa"
)

# Channel of a ticket and its share of the clean ones.
CHANNELS = {"mail": 0.3, "chat": 0.35, "form": 0.35}

INTENTS: dict[str, tuple[str, ...]] = {
    "refund": (
        "I want my money back for the {p}",
        "please pay me back for the {p}",
        "I sent the {p} back and wait for my money",
        "I would like to return the {p} and be paid back",
        "when do I get my money for the returned {p}",
        "give me back what I paid for the {p}",
        "the {p} is not for me and I ask for my money",
        "I gave the {p} back but saw no money yet",
    ),
    "repair": (
        "the {p} is broken",
        "my {p} stopped working",
        "the {p} does not turn on any more",
        "there is a crack in the {p}",
        "the {p} makes a strange noise and then goes off",
        "smoke came out of the {p}",
        "the button of the {p} is stuck",
        "the {p} fell apart",
    ),
    "delivery": (
        "the {p} has not arrived",
        "where is my {p} now",
        "the box with the {p} went to the wrong door",
        "I am still waiting for the {p} to come",
        "the driver left my {p} in the rain",
        "no one brought the {p} so far",
        "the tracking page of the {p} says nothing",
        "my {p} got lost on its way",
    ),
    "billing": (
        "you charged me twice for the {p}",
        "the bill for the {p} is wrong",
        "I see a strange charge for the {p}",
        "the price on the bill of the {p} is too high",
        "my card was charged for a {p} I never had",
        "I need a copy of the bill for the {p}",
        "the bill of the {p} has the wrong name",
        "the sum I paid for the {p} does not match the bill",
    ),
    "setup": (
        "how do I start the {p}",
        "I cannot find out how to set up the {p}",
        "which button do I press first on the {p}",
        "the guide of the {p} is missing",
        "I do not know how to put the {p} together",
        "how do I connect the {p} for the first time",
        "what is the first step with the new {p}",
        "the {p} asks for a code when I start it",
    ),
    "cancel": (
        "please stop my order of the {p}",
        "I do not want the {p} any more, do not send it",
        "take the {p} off my order",
        "I ordered the {p} by mistake, drop it",
        "do not ship the {p}",
        "call off the {p} before it leaves",
        "I changed my mind, no {p} for me",
        "please cancel the {p}",
    ),
}
URGENCY: dict[str, tuple[str, ...]] = {
    "low": (
        "take your time",
        "I am in no rush",
        "whenever you find a minute",
        "no need to run",
        "it can wait",
    ),
    "normal": (
        "please answer soon",
        "a reply in some days is fine",
        "please look at it soon",
        "I hope to hear from you soon",
        "in the next days please",
    ),
    "high": (
        "I need it today",
        "this is an emergency",
        "answer right now",
        "please call within the hour",
        "I must have it tonight",
    ),
}
SENTIMENT: dict[str, tuple[str, ...]] = {
    "positive": (
        "I love your shop",
        "thanks a lot for your kind help",
        "such a happy customer",
    ),
    "neutral": (
        "just for your records",
        "that is all I know",
        "only to let you know",
    ),
    "negative": (
        "I am very angry",
        "I am so disappointed",
        "terrible service",
    ),
}

DETAILS = (
    "Order {n}.",
    "My order is {n}.",
    "No. {n}",
    "Bought in {month}.",
    "It is a present for my {kin}.",
    "It stands in the {room}.",
    "My {kin} uses it {often}.",
    "I got it on {day}.",
    "We had it for {few} weeks.",
    "Paid on {day} with {pay}.",
    "The box is {colour}.",
    "It is the {colour} one.",
    "I live in {town}.",
    "I wrote on {day} before.",
    "Order {n} from {month}.",
    "My {kin} in {town} has one too.",
    "It came with a {colour} cable.",
    "Seen in your {town} shop.",
)
SLOTS: dict[str, tuple[str, ...]] = {
    "month": row_of("January February March April May June July August September October November December"),
    "day": row_of("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "kin": row_of("mother father sister brother aunt uncle son daughter wife husband friend boss neighbour cousin"),
    "room": row_of("kitchen bedroom office hall garage attic cellar study bathroom workshop"),
    "often": ("every day", "every morning", "at night", "on weekends", "twice a week", "in winter", "after work"),
    "few": row_of("two three four five six seven eight nine ten"),
    "pay": ("cash", "my card", "a gift card", "a bank transfer"),
    "colour": row_of("red blue green yellow black white brown grey pink silver"),
    "town": row_of(
        "Ashby Brent Corley Dunmere Elwick Farrow Gransby Holt Ilford Kelby Larne Morwell Norby Oxley Penrow Ripley"
    ),
}

# topic -> questions, the answer, a contradicting answer (only planted as a fault)
TOPICS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "dust": (
        (
            "How do I get the dust out of the {p}?",
            "My {p} is full of dust inside, what helps?",
            "What removes dust from the {p}?",
        ),
        "pull the plug, open the back of the {p} and blow cold air through it",
        "fill the {p} with water and shake the dust out",
    ),
    "guarantee": (
        (
            "How long is the guarantee on the {p}?",
            "Is my {p} still under guarantee after a year?",
            "For how many years do you stand by the {p}?",
        ),
        "the {p} has a guarantee of three years from the day of the bill",
        "the {p} has a guarantee of six months and no more",
    ),
    "return": (
        (
            "How many days do I have to send the {p} back?",
            "Until when may I return the {p}?",
            "Can I still give the {p} back after two weeks?",
        ),
        "you can send the {p} back within thirty days in its box",
        "you can send the {p} back within seven days only",
    ),
    "shipping": (
        ("What does it cost to send the {p}?", "Is shipping free for the {p}?", "How much is the postage for a {p}?"),
        "we send the {p} free of charge and it takes three days",
        "postage for the {p} is nine coins and it takes two weeks",
    ),
    "parts": (
        (
            "Where do I get a new cable for the {p}?",
            "Do you sell parts for the {p}?",
            "I lost the lid of my {p}, can I buy one?",
        ),
        "parts of the {p} are on our spare page and cost four coins each",
        "there are no parts for the {p}, you must buy a new one",
    ),
    "cleaning": (
        (
            "What gets the outside of the {p} clean?",
            "May I wash the {p} in the sink?",
            "Which cloth is right for the {p}?",
        ),
        "pull the plug and wipe the {p} with a soft damp cloth",
        "put the {p} in the sink and wash it with hot water",
    ),
    "power": (
        ("How much power does the {p} use?", "Is the {p} dear to run?", "Does my {p} need a lot of current?"),
        "the {p} uses less than one coin of power a day",
        "the {p} uses about forty coins of power a day",
    ),
    "storage": (
        (
            "I am away for a year, where do I put the {p}?",
            "Can the {p} stay in a cold garage?",
            "What is a good spot for the {p} while I am gone?",
        ),
        "keep the {p} in a dry place and let the cable hang loose",
        "leave the {p} outside and wind the cable tight round it",
    ),
    "hours": (
        (
            "When can I call someone about my {p}?",
            "At what time is your {p} line open?",
            "Are you there on Sunday for {p} questions?",
        ),
        "our {p} line is open from eight to six on work days",
        "our {p} line is open at night and on Sunday only",
    ),
    "travel": (
        ("Can I use the {p} in other countries?", "Does the {p} run on a ship?", "Will my {p} work abroad?"),
        "the {p} works in all of Europe, you only need a travel plug",
        "the {p} works at home only and breaks abroad",
    ),
    "colours": (
        ("Does the {p} come in green?", "Which colours are there for the {p}?", "Can I have a white {p}?"),
        "the {p} comes in black, white and moss green",
        "the {p} comes in plain steel and nothing else",
    ),
    "noise": (
        ("Why does the {p} hum?", "Is it normal that my {p} clicks?", "My {p} ticks a little, is that fine?"),
        "a soft hum of the {p} is normal and fades after a week",
        "a hum of the {p} means danger, throw it away",
    ),
}
ASKERS = (
    "{q} {n}",
    "Hello, I am {n}. {q}",
    "{q} Yours, {n}",
    "My name is {n}. {q}",
    "Good morning! {q} Thanks, {n}",
    "{n} here. {q}",
    "Hi from {n}! {q}",
    "{q} Best, {n}",
    "Hey! {q} Greetings from {n}",
    "A short question from {n}: {q}",
)
REPLY = "Hello {n}! {answer}. Take care, your Moorfern desk."
NAMELESS = "friend"
