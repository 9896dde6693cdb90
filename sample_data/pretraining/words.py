"""The words of the small world: names, things, deeds, letters. Nothing in here comes from the sample tasks."""


def row_of(text: str) -> tuple[str, ...]:
    """Read words parted by blanks."""
    return tuple(text.split())


NAMES = row_of(
    "Ada Adam Aisha Albert Alice Amir Anna Anton Arthur Asha Ava Ben Bella Boris Bruno Carl Carla Cecil "
    "Chen Chloe Clara Daria David Diego Dora Edgar Eliza Ella Emil Emma Erik Esra Eva Fatima Felix Finn "
    "Flora Frank Freya George Greta Hana Hannah Henry Hugo Ida Igor Ines Iris Ivan Jack Jane Jasper Joan "
    "Jonas Julia Kai Karim Karl Kate Lara Lea Leo Lena Lily Lucas Luis Maja Marco Maria Mark Marta Max "
    "Mia Milan Mira Mona Nadia Nico Nina Noah Nora Olga Oliver Omar Oscar Otto Paul Peter Petra Pia Priya "
    "Rafael Rita Robin Rosa Ruben Sam Sara Selma Simon Sofia Stefan Tara Theo Tina Tom Uma Vera Victor "
    "Viola Walter Wanda Willa Yara Yusuf Zara Zoe"
)

THINGS: dict[str, tuple[str, ...]] = {
    "animal": row_of(
        "dog cat horse cow sheep goat hen duck goose mouse fox wolf bear deer rabbit frog snake owl crow "
        "eagle fish bee ant"
    ),
    "fruit": row_of("apple pear plum cherry grape lemon orange melon peach fig berry banana"),
    "vegetable": row_of("carrot potato onion bean pea cabbage leek beet pumpkin radish"),
    "furniture": row_of("table chair bed desk shelf bench sofa cupboard stool"),
    "clothing": row_of("coat shirt shoe hat scarf glove sock dress belt boot jacket"),
    "building": row_of("house barn mill church school tower castle hut bridge shop station theatre"),
    "plant": row_of("tree rose fern oak moss tulip daisy ivy pine reed willow grass"),
    "tool": row_of("hammer saw rake spade knife rope ladder bucket brush needle key wheel"),
    "job": row_of(
        "baker farmer teacher sailor doctor painter tailor miller smith cook gardener driver judge poet singer"
    ),
    "body": row_of("hand foot nose ear eye arm leg knee head back mouth finger"),
    "weather": row_of("rain snow wind fog storm frost sun cloud thunder hail"),
    "number": row_of("one two three four five six seven eight nine ten eleven twelve"),
    "day": row_of("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "month": row_of("January February March April May June July August September October November December"),
}
COLOURS = row_of("red blue green yellow black white brown grey pink golden silver purple")
ADJECTIVES = row_of(
    "old young big small tall quiet loud quick slow kind brave clever tired hungry happy cold warm wet "
    "dry clean dirty new broken heavy light soft hard rich poor early late strange plain bright dark deep "
    "long short wide narrow sharp sweet strong weak"
)
PLACES = (
    "in the garden",
    "by the river",
    "at the market",
    "in the old house",
    "on the hill",
    "under the bridge",
    "at school",
    "near the mill",
    "in the kitchen",
    "on the roof",
    "behind the barn",
    "in the forest",
    "at the harbour",
    "beside the road",
    "in the square",
    "at home",
)
TIMES = (
    "in the morning",
    "at noon",
    "in the evening",
    "at night",
    "yesterday",
    "last week",
    "this morning",
    "two days ago",
    "every day",
    "on Sunday",
    "before breakfast",
    "after lunch",
    "a year ago",
    "next month",
    "since March",
    "for three weeks",
    "today",
    "right now",
    "again and again",
    "last Friday",
    "by the end of the week",
    "in the middle of the night",
)
DEEDS = (
    "found {a}",
    "lost {a}",
    "sold {a}",
    "bought {a}",
    "painted {a}",
    "carried {a}",
    "looked for {a}",
    "dreamt of {a}",
    "hid {a}",
    "cleaned {a}",
    "drew {a}",
    "broke {a}",
    "gave away {a}",
    "asked for {a}",
    "waited for {a}",
    "wrote about {a}",
    "saw {a}",
    "built a box for {a}",
    "told us about {a}",
    "forgot {a}",
    "brought {a}",
    "took {a}",
    "opened a box with {a}",
    "sent {a}",
    "needs {a}",
    "wants {a}",
    "likes {a}",
    "keeps {a}",
    "must wash {a}",
    "did not get {a}",
    "should have {a}",
    "could not find {a}",
    "was given {a}",
)
LINKS = (
    "Then",
    "Later",
    "After that",
    "But",
    "And so",
    "Because of this",
    "Still",
    "In the end",
    "Soon",
    "At last",
    "Now",
    "However",
)
SAYINGS = (
    "I do not know why.",
    "That was all.",
    "Nobody minded.",
    "It was a good day.",
    "We laughed a lot.",
    "It was not easy.",
    "Please write it down.",
    "I will tell you more soon.",
    "We had to wait.",
    "You should have been there.",
    "It was my first time.",
    "I hope you can come too.",
    "Nothing else happened.",
    "It works like that each time.",
    "My sister was with me.",
    "Thanks for reading.",
    "It cost four coins.",
    "I was sorry about it.",
    "We were very glad.",
    "Could you help me with it?",
    "What do you think?",
    "It was worth it.",
    "I have no idea what to do next.",
    "Let me know if you have seen it.",
    "There is no hurry.",
    "I forgot the rest.",
    "Some of it is true.",
    "It took a while, but it was fine.",
    "This happened twice.",
    "I can send you a picture.",
    "Who would have thought so?",
    "Well, well.",
)
# Clubs, what they are asked and what they answer; {x} is a thing both name.
CLUBS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "garden club": (
        (
            ("How often do the {x} need water?", "Do I have to water my {x} daily?", "When should I water {x}?"),
            "Water the {x} twice a week and always before the sun is up",
        ),
        (
            ("Where should I plant the {x}?", "Which spot is right for {x}?", "Do {x} like shade?"),
            "Plant the {x} at a south wall where they get six hours of sun",
        ),
        (
            ("When can I cut the {x}?", "Is it time to trim my {x}?", "How do I prune {x}?"),
            "Cut the {x} back to two buds in March and burn the old wood",
        ),
        (
            ("What eats my {x}?", "There are holes in my {x}, why?", "How do I keep snails off the {x}?"),
            "Put a ring of sand around the {x} and pick the snails by hand at dusk",
        ),
    ),
    "choir": (
        (
            ("When do we practise the {x}?", "Which day is the {x} on?", "At what time do we sing the {x}?"),
            "We sing the {x} on Thursday at seven in the small hall",
        ),
        (
            (
                "Where do I find the notes of the {x}?",
                "Who has the sheets for the {x}?",
                "I lost my notes of the {x}, what now?",
            ),
            "The notes of the {x} are in the blue box next to the piano",
        ),
        (
            (
                "What shall we wear for the {x}?",
                "Do I need a black shirt for the {x}?",
                "Is there a dress rule for the {x}?",
            ),
            "For the {x} wear a white shirt and leave hats at the door",
        ),
    ),
    "library": (
        (
            ("How long may I keep the {x}?", "When is the {x} due back?", "Can I have the {x} for a month?"),
            "You may keep the {x} for four weeks and once more if nobody waits",
        ),
        (
            ("Where is the {x}?", "On which shelf do I find the {x}?", "I cannot find the {x}."),
            "The {x} is on the second floor on the shelf by the window",
        ),
        (
            ("The {x} got wet, what shall I do?", "My dog bit the {x}.", "A page of the {x} is torn."),
            "Bring the {x} to the front desk and we will glue and press it",
        ),
    ),
    "riding school": (
        (
            ("What does a {x} lesson cost?", "How much is one hour of {x}?", "Is {x} dear?"),
            "One hour of {x} costs twelve coins and the helmet is free",
        ),
        (
            ("Which boots do I need for {x}?", "What shall I put on for {x}?", "Are trainers fine for {x}?"),
            "For {x} put on boots with a small heel and long trousers",
        ),
        (
            ("May my son try {x}?", "From what age can one learn {x}?", "Is my girl too young for {x}?"),
            "Children can start {x} at six when a parent stays near",
        ),
    ),
    "boat house": (
        (
            (
                "How do I clean the {x}?",
                "The {x} is full of weed, what helps?",
                "What is the best way to wash the {x}?",
            ),
            "Rinse the {x} with fresh water, rub it with a soft brush and let it dry in the shade",
        ),
        (
            ("Where do I keep the {x} in winter?", "Can the {x} stay outside in the frost?", "How do I store the {x}?"),
            "Lay the {x} upside down on two beams and cover it with a dry sheet",
        ),
        (
            (
                "The {x} lets water in.",
                "There is a leak in the {x}, can I mend it?",
                "How do I close a hole in the {x}?",
            ),
            "Dry the {x} for two days, then press tar into the crack and sand it flat",
        ),
    ),
    "kitchen circle": (
        (
            ("How long do I cook {x}?", "When is {x} done?", "How many minutes does {x} need?"),
            "Let {x} simmer for twenty minutes and stir it now and then",
        ),
        (
            ("What goes well with {x}?", "What can I serve beside {x}?", "Which bread fits {x}?"),
            "Serve {x} with rye bread, butter and a little salt",
        ),
        (
            ("Can I freeze {x}?", "How long does {x} keep?", "Is {x} still good tomorrow?"),
            "In a closed jar {x} keeps for three days in a cool place",
        ),
    ),
}
CLUB_THINGS: dict[str, tuple[str, ...]] = {
    "garden club": ("roses", "beans", "ferns", "tulips", "lilies", "grapes", "peas"),
    "choir": ("spring song", "mass", "night hymn", "round", "sailor song"),
    "library": ("atlas", "green novel", "song book", "big dictionary", "tale of two foxes"),
    "riding school": ("trotting", "jumping", "pony riding", "dressage", "trail riding"),
    "boat house": ("canoe", "rowing boat", "raft", "sail", "kayak"),
    "kitchen circle": ("onion soup", "bean stew", "plum jam", "barley broth", "pea mash"),
}
OPENINGS = (
    "Dear {n}, thank you for your letter.",
    "Hello {n}!",
    "Good day {n}, how nice to hear from you.",
    "{n}, that is a good question.",
    "Greetings, {n}.",
    "Thank you, {n}, for writing to us.",
    "Hi {n}, thanks for the note!",
    "My dear {n},",
)
CLOSINGS = (
    "Kind wishes, the {c}.",
    "See you soon, your {c}.",
    "Yours, the people of the {c}.",
    "Come by any time! The {c}",
    "With warm thanks, the {c}.",
    "Good luck from the {c}!",
    "We are happy to help, your {c}.",
    "All the best from the whole {c}.",
)
ASKERS = (
    "{q} {n}",
    "Hello, I am {n}. {q}",
    "{q} Yours, {n}",
    "My name is {n} and I have a question. {q}",
    "Good morning! {q} Thanks, {n}",
    "{n} here. {q}",
    "Hi, this is {n}. {q} Thank you.",
    "{q} Please write back to {n}.",
)
