"""What notes are about: aspects (a key, its values, phrases that tell each value) and the topics that use them.

An aspect as it is written below: its key on a line of its own, then a line a value, `value: phrase; phrase; ...`,
which goes on in lines that begin with two blanks.
The topics are of everyday life out of doors, at school, at home and at sea. None of them is a request to a company, and
no aspect tells how soon something is wanted or how a writer feels: those are what the sample tasks ask.
"""

ASPECTS_TEXT = """
weather
rain: the rain did not stop; it poured all morning; we got wet through; drops fell on every roof; puddles stood
  everywhere
sun: the sky was clear and bright; not a cloud was to be seen; it was hot in the sun; we sat in warm light all day
snow: white flakes came down; the ground was covered in snow; we built a snowman; the path was deep in snow
wind: the wind took my hat; the trees bent far over; leaves flew past us; gusts shook the tent
fog: we could not see ten steps ahead; a grey mist lay over the fields; the hills were hidden; everything was veiled
  in mist
season
spring: the first buds opened; lambs were born this week; the cherry trees were in bloom; the ice had just melted
summer: school was out for the long holidays; we swam in the lake every evening; the nights were short; berries were
  ripe
autumn: the leaves turned red; we picked the last apples; the swallows had left; chestnuts lay on the ground
winter: the pond was frozen; the days were very short; we wore two pairs of socks; smoke rose from each chimney
soil
dry: the earth was like dust; cracks ran through the bed; the ground had no water in it; sand blew off the rows
wet: water stood between the rows; my boots stuck in the mud; the earth was soaked; the bed was a swamp
rich: the soil was black and full of worms; the compost had done its work; the earth smelled good and crumbled; it
  was fat dark earth
stony: we carried out buckets of stones; the spade hit rock again; pebbles lay in every row; the fork bent on a
  boulder
pest
snail: slimy trails crossed the leaves; something with a shell ate the salad; we gathered forty shells at night;
  round holes were left by slow guests
mouse: small teeth had cut the roots; a grey tail slipped under the shed; the bulbs were carried off; droppings lay
  by the seed box
bird: the seeds were pecked out; feathers lay in the bed; a crow pulled up each plant; the net kept the thieves with
  wings away
aphid: tiny green bugs sat on the stems; the leaves were sticky; ants kept herds on the beans; ladybirds came to
  feast
colour
red: it was as red as a tomato; bright like blood; it had the tone of ripe cherries; scarlet from top to bottom
blue: it was the blue of the sea; like the sky at noon; it looked like ink; as blue as a cornflower
green: it was green as grass; like young leaves; it had the tone of moss; green like a frog
yellow: it shone like a lemon; yellow as butter; the tone of ripe wheat; like an egg yolk
black: it was black as coal; dark like a night without stars; as dark as tar; like the wing of a raven
size
tiny: it fitted on a thumb; no bigger than a pea; one needed a lens to see it; it was smaller than a bean
small: it was as big as a cat; one hand could hold it; about the length of a pencil; it went into my pocket
large: it was taller than my father; two men had to carry it; as long as a cart; it filled half the room
huge: it was as high as a church; the whole village fitted inside; nobody could see its top; it towered over the
  houses
place
forest: it was among old oaks; under the fir trees; deep in the woods; on a path between the trunks
beach: it was where the waves break; on the warm sand; near the shells and the foam; between dunes and sea
mountain: it was above the last trees; on a steep ridge; close to the summit; up where the goats climb
town: it was on the market square; next to the town hall; between shops and houses; at the corner of the main street
river: it was down by the bridge; on the bank under the willows; where the water turns the mill; by the ford
farm: it was behind the barn; next to the cow shed; in the hay loft; between the hen house and the field
meal
breakfast: we had it just after waking; with the first coffee; before school; as the cock crowed
lunch: it was noon and we sat down; in the middle of the day; after the morning classes; when the bell rang twelve
supper: it was served when it got dark; at the end of the day; by candle light; just before bed
taste
sweet: it was full of honey; like candy; there was too much sugar in it; it tasted of syrup
sour: it made us pull a face; like biting a lemon; there was a lot of vinegar in it; sharp as green apples
salty: we drank three glasses of water after it; like sea water; the cook was in love with salt; it tasted of the
  ocean
bitter: it was like old coffee; the peel had been left in; strong black tea is mild against it; we spat it out like
  medicine
spicy: our tongues burned; the peppers were fierce; tears ran down our cheeks; it was hotter than mustard
method
baked: it stood in the oven for an hour; a brown crust had formed; it rose in its tin; we took it out of the oven
boiled: it went into bubbling water; we let it cook in the pot; it swam in the broth; steam rose from the pan of
  water
fried: it sizzled in oil; we turned it in the hot pan; it was crisp from the fat; butter foamed around it
raw: nobody cooked it at all; it was cut and served fresh; straight from the garden to the plate; it never saw a
  flame
result
won: we were ahead at the final whistle; the cup is ours; they could not catch us; our side came first
lost: the others were better; we came second of two; they scored in the last minute; the cup went to the visitors
draw: both sides had the same score; nobody was ahead at the end; it ended level; the points were shared
sport
football: the goalkeeper caught the ball; a penalty was given; he headed it into the net; eleven ran onto the pitch
swimming: she dived off the block; they did forty lengths; the pool was cold; he touched the wall first
running: they went twice round the track; her laces came loose at the last bend; the start gun cracked; his legs
  were heavy after ten miles
chess: she gave up her queen; the knight took the bishop; it was mate in three; the clock was pressed again and
  again
rowing: the oars hit the water as one; the cox called the rhythm; their boat slid over the line; eight blades
  flashed
crowd
empty: nobody had come; every seat was free; one could hear an echo; we were all alone there
few: a handful of people stood about; three or four had come; only the first row was taken; some parents watched
many: the benches were almost full; about a hundred watched; there was a long row of people; most seats were taken
packed: not one seat was left; people stood on the walls; the doors had to be shut; one could not move an arm
animal_diet
grass: it grazed from dawn to dusk; it chews all day; it pulled hay from the rack; it likes meadows best
meat: it hunts at night; it tore at a bone; it lives on rabbits and deer; its teeth are made for flesh
fish: it dived for herring; it waits by the stream and strikes; it swallowed a trout; it lives on what the tide
  brings
seeds: it cracks nuts; it picks grains from the ground; it hoards acorns; sunflower kernels are its joy
insects: it licks up ants; it catches flies in the air; it digs for beetles; it lives on moths and gnats
coat
feathers: its plumage was fluffed up; it preened its wings; one quill fell to the ground; soft down lay in the nest
fur: its thick hair was warm; it licked its pelt; the brush was full of hair; it was soft to stroke
scales: its skin was in shining plates; it was smooth and cold; it shed its skin in one piece; it glittered like
  coins
shell: it drew its head inside; its house is on its back; it was hard as stone all round; it closed up tight
sound
loud: it could be heard in the next valley; we covered our ears; the windows shook; it was like thunder
soft: it was like a whisper; one had to listen hard; it hummed very low; it was no more than a breath
shrill: it was high like a whistle; glass might have cracked; it squeaked without end; it cut through bone
silent: there was not a sound; it never made a noise; all was still; we heard nothing at all
vehicle
train: we sat in the last carriage; the conductor whistled; the rails sang; the station clock struck
boat: the sail filled; we pulled up the anchor; the deck rolled; waves slapped the hull
bicycle: the chain came off; I pedalled up the hill; both tyres were pumped up; the bell on the handle rang
bus: the driver closed the doors; we stood in the aisle; it stopped at every corner; the engine hummed under our
  seats
horse: we saddled at dawn; she trotted along the lane; the hooves rang on the stones; the reins were wet
road
straight: it led on without a bend; you could see to the very end; it ran like a ruler; there was no turn for miles
winding: it went round one bend after another; it curled up the slope like a snake; left, right and left again;
  nobody counted the turns
broken: there were holes in it; a part had slid away; stones lay all over it; the edge had crumbled off
flooded: the stream had crossed it; we waded; ducks swam on it; the water was over the kerb
instrument
violin: she tuned four strings; the bow went up and down; resin dust flew; it was tucked under his chin
drum: he kept the beat; two sticks whirled; the skin was tight; boom went the bass
flute: she blew across the hole; his fingers closed the keys; it was silver and thin; a breath and it sang
piano: the lid was open; black and white keys; he used both pedals; the stool was too low for her
trumpet: his cheeks were red; three valves clicked; brass shone; a fanfare rang out
pace
slow: it took the whole afternoon; a snail would have been faster; step by step it went; we nearly fell asleep
steady: it went on evenly; it never changed its beat; like a clock it went; hour after hour the same
fast: it was over in a flash; we could hardly follow; it shot past; like an arrow it went
material
wood: it was cut from an oak plank; one could see the grain; it smelled of pine; splinters stuck out
stone: it was hewn from granite; cold and heavy like rock; the mason left his mark; marble veins ran through it
glass: light fell through it; it would shatter if it fell; one could look right through; it was clear and brittle
iron: it was forged at the smithy; rust had eaten it; a magnet stuck to it; the hammer had shaped it red hot
wool: it was knitted; it came from our sheep; it scratched a bit and kept warm; she spun and wove it
shape
round: it was like a ball; it had no corners; it rolled away; like a full moon
square: all four sides were alike; it had four right corners; like a chess board; it stood like a dice
flat: it was thin as a pancake; one could slide it under a door; like a sheet of paper; it had no height to speak of
pointed: it ended in a tip; one could prick a finger on it; like a needle; like the top of a spire
subject
history: we read about old kings; the teacher told of the Romans; we learned the year of the battle; castles and
  knights were on the board
maths: we drew triangles; the fractions were hard; we counted up to a thousand; the sum would not come out
music: we sang in two parts; we clapped the rhythm; notes were on the board; everybody hummed the tune
biology: we cut a bean in half; the skeleton stood by the window; we looked at cells; we drew a leaf with its veins
art: we mixed paint; the clay was on all tables; we cut paper; our pictures dried on a line
lesson_end
early: the teacher let us go before the bell; we were out sooner than planned; the last part was left out; ten
  minutes were given to us
punctual: it closed right on the bell; to the minute we were done; exactly as the plan said; not a second too long
late: it ran over; the bell had rung long before; we missed our break; the others were already home
homework
none: nothing was to be done at home; we had the evening free; no task was given; our bags stayed light
reading: we are to read two chapters; a book goes home with us; the next ten pages are to be read; a poem is to be
  looked at
writing: we must write a page; an essay is due; ten lines about our dog are to be written; we have to put the story
  on paper
drawing: we shall sketch a tree; a map is to be drawn; a picture has to be painted; we need crayons tonight
star
moon: a pale disc hung over the barn; the crescent was thin; its craters were sharp; it pulled the tide
planet: a bright dot that did not twinkle; we saw rings through the lens; four small satellites stood in a row; it
  wandered among the stars
comet: it had a long tail; it comes every seventy years; a ball of ice and dust; its hair pointed away from the sun
meteor: a streak of light fell; it burned up in a second; we made a wish as it fell; a spark crossed the sky
view
clear: every detail was sharp; we saw it perfectly; the air was clean as glass; nothing stood in the way
hazy: it was blurred; a veil lay over it; we saw only the outline; it looked like milk
hidden: a cloud stood before it; we did not see it at all; the roof was in the way; it stayed behind the hill
catch
nothing: the net came up empty; not one bite all day; we went home with dry buckets; the hook hung bare
trout: spots shone on its flanks; it came out of the cold stream; it leapt after a fly; a rainbow ran down its side
eel: it wound like a rope; it slipped out of our hands; long and black it lay in the grass; a snake of the pond
crab: it walked sideways; its claws pinched; it hid under a rock in the pool; the pot was full of pincers
tool
hammer: I drove in a nail; bang on the head of it; my thumb got hit; the claw pulled it out again
saw: I cut the board in two; dust fell with each pull; its teeth were blunt; back and forth it went through the beam
needle: I threaded it; stitch by stitch; it pricked me; the hem was sewn
brush: I painted one coat; the bristles were stiff; one stroke after another; it was dipped in the pot
spade: I dug a hole; the blade went into the earth; one shovel after another; the bed was turned over
light
dim: only one candle burned; we could barely read; the corners lay in shadow; a weak glow was all
bright: it hurt our eyes; as light as noon; each corner could be seen; mirrors threw it back
coloured: it fell through painted windows; red and blue spots danced; a rainbow lay on the floor; paper lanterns
  hung there
age
young: it was born this year; it still drank milk; it stood on shaky legs; not one year had passed
grown: it was in its best years; fully grown; strong and in its prime; it had young of its own
old: its muzzle was white; it had seen twenty winters; it walked stiffly; the oldest of all by far
guide
teacher: our teacher led us; the lady from class four showed the way; miss Flynn explained it all; the school sent
  its head
ranger: the ranger led us; a man in a green hat explained the tracks; the keeper of the park went ahead; the woman
  with the badge knew each plant
grandfather: grandpa told the story; the father of my mother led us; old Jonas took us along; he knew it from his
  own youth
nobody: we went on our own; no one led us; there was only the map; we had to find it ourselves
find
coin: a bit of silver lay there; a king's head was stamped on it; it was money of old times; it clinked
bone: it was white and long; a rib perhaps; a piece of a skeleton; a jaw with teeth lay there
pot: a clay handle stuck out; shards of a jar; we put the rim together; it once held oil
ring: a band of gold; it fitted a finger; a small jewel was set in it; somebody had once worn it as a bride
drink
tea: the leaves were steeped; a slice of lemon with it; it was poured from a pot with a cosy; mint was put in
milk: it came warm from the cow; a white moustache remained; cream floated on top; it was in a jug from the dairy
juice: the oranges were pressed; it was made of apples; fruit ran through the mill; grapes were squeezed for it
water: it came from the spring; clear and cold from the well; nothing but the tap was needed; we filled the bottles
  at the brook
bread
rye: it was dark and heavy; the loaf was almost black; sour dough was used; it keeps for two weeks
wheat: it was white inside; light and airy; a soft roll it was; a long pale stick with a crust
oat: flakes were on top; it was made of porridge grain; the horses would like that grain too; crumbly with flakes
corn: it was golden inside; it was made of maize; yellow crumbs fell; ground cobs were in it
"""

TOPICS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "garden": (
        ("roses", "beans", "carrots", "tulips", "pumpkins", "herbs"),
        ("weather", "soil", "pest", "colour", "season", "tool"),
    ),
    "hike": (
        ("ridge walk", "lake walk", "long tour", "valley path", "summit tour"),
        ("weather", "place", "road", "guide", "view", "drink"),
    ),
    "recipe": (
        ("soup", "stew", "pancakes", "dumplings", "pudding", "pie"),
        ("taste", "method", "meal", "colour", "drink"),
    ),
    "match": (
        ("home game", "cup final", "friendly", "school games", "night race"),
        ("sport", "result", "crowd", "weather", "light"),
    ),
    "animal": (
        ("otter", "badger", "heron", "tortoise", "lynx", "owl", "beaver", "stork"),
        ("animal_diet", "coat", "size", "sound", "age", "place"),
    ),
    "concert": (
        ("choir evening", "open stage", "street band", "school concert"),
        ("instrument", "crowd", "sound", "light", "pace"),
    ),
    "journey": (
        ("trip to the coast", "visit to my aunt", "class trip", "ride to the fair"),
        ("vehicle", "weather", "road", "pace", "season"),
    ),
    "lesson": (
        ("monday class", "first hour", "evening course", "double hour"),
        ("subject", "lesson_end", "homework", "crowd", "sound"),
    ),
    "sky": (("night watch", "roof evening", "hill evening"), ("star", "view", "place", "colour", "season")),
    "fishing": (("early trip", "harbour day", "pond evening"), ("catch", "weather", "place", "vehicle", "meal")),
    "workshop": (("bench", "shelf", "bird house", "curtain", "fence"), ("tool", "material", "shape", "colour", "pace")),
    "museum": (
        ("old hall", "glass case", "tower room", "cellar"),
        ("material", "age", "shape", "size", "guide", "light"),
    ),
    "dig": (("north trench", "hill fort", "old well", "river camp"), ("find", "material", "soil", "weather", "guide")),
    "bakery": (("morning batch", "feast day batch", "test batch"), ("bread", "taste", "shape", "colour", "drink")),
    "farm": (
        ("calf", "foal", "goose", "goat", "lamb", "hen"),
        ("animal_diet", "coat", "age", "colour", "sound", "season"),
    ),
    "picnic": (
        ("family picnic", "class picnic", "river picnic"),
        ("place", "drink", "bread", "weather", "taste", "vehicle"),
    ),
}


def read_aspects(text: str = ASPECTS_TEXT) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read the text above into key -> value -> phrases."""
    aspects: dict[str, dict[str, tuple[str, ...]]] = {}
    key = ""
    for line in text.strip().replace("\n  ", " ").splitlines():
        name, colon, phrases = line.partition(":")
        if not colon:
            key = name
            aspects[key] = {}
        else:
            aspects[key][name] = tuple(phrase.strip() for phrase in phrases.split(";"))
    return aspects


ASPECTS = read_aspects()
