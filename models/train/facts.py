"""Small tables written for this model, and the questions and answers made from them.

facts() -> list of (list of phrasings, answer).
"""

# Words that WordNet defines at length, or in an unexpected first sense.
OWN_TEXT = """A bridge is a structure that allows people or vehicles to cross an obstacle such as a river.
A piano is a keyboard instrument with hammers that strike tuned strings to produce sounds.
A rocket is a vehicle that is driven forward by the hot gas it throws out behind it.
A museum is a building where objects of art, history or science are kept and shown.
A window is an opening in a wall, closed by glass, that lets in light or air.
A telephone is a device that carries the human voice over a distance.
A saw is a hand tool with a toothed blade for cutting wood.
A box is a container that has straight sides and may have a lid.
A key is a shaped piece of metal that opens a lock.
A shoe is a covering for the foot with a sole and a heel.
A violin is the smallest and highest of the bowed string instruments.
A harp is a large instrument whose strings are plucked with the fingers.
A pig is a farm animal with a broad snout and a stout body.
A chicken is a domestic bird kept for its eggs and its meat.
A duck is a swimming bird with webbed feet, short legs and a broad bill.
A goose is a large water bird with a long neck and webbed feet.
A mouse is a small rodent with a pointed snout and a long thin tail.
A wolf is a wild animal of the dog family that hunts in packs.
A lion is a large wild cat of Africa whose male has a mane.
An elephant is the largest land animal and has a trunk and two tusks.
A kangaroo is a leaping animal of Australia that carries its young in a pouch.
A shark is a large sea fish with rough skin and many sharp teeth.
A fish is an animal with scales and fins that lives in water and breathes through gills.
An octopus is a sea animal with a soft body and eight arms.
A crab is a sea animal with a hard shell and a pair of claws.
A lobster is a large edible sea animal with a hard shell and two big claws.
A crocodile is a large reptile with a long snout and massive jaws.
An eagle is a large bird of prey with broad wings and a strong flight.
A parrot is a tropical bird with bright feathers and a hooked beak that can copy sounds.
A penguin is a flightless bird of cold southern regions that swims with its wings.
A spider is a small animal with eight legs that spins a web of silk.
A mosquito is a small flying insect whose female sucks blood.
A worm is a small long animal with a soft body and no legs.
A snail is a small soft animal that carries a spiral shell on its back.
An oak is a large tree that bears acorns and has hard durable wood.
A tulip is a garden plant that grows from a bulb and has a single showy flower.
A daisy is a flower with white petals around a yellow center.
A cactus is a plant of dry regions with a thick stem and sharp spines.
A banana is a long curved tropical fruit with a yellow skin.
An orange is a round juicy fruit of a citrus tree.
A carrot is a long orange root that is eaten as a vegetable.
An onion is a round vegetable with many layers and a strong smell.
A cave is a hollow space under the ground or in the side of a hill.
A planet is a large body that moves around a star.
A star is a celestial body of hot gases that gives off light and heat.
A comet is a small body of ice and dust that travels around the sun with a bright tail.
A liver is a large organ that cleans the blood and helps to digest food.
A kidney is one of two organs that remove waste from the blood.
An elevator is a platform or cage that carries people from one floor to another.
A keyboard is a set of keys for typing or for playing music.
A diamond is a very hard clear gem made of carbon.
A ruby is a clear deep red gem.
Bread is a food made of flour and water that is baked in an oven.
Coffee is a hot drink made from the roasted beans of a tropical bush.
Tea is a drink made by steeping dried leaves in hot water.
Wine is a drink made from the fermented juice of grapes.
Gold is a soft yellow metal that is used for coins and jewelry.
Silver is a soft white metal that shines and conducts electricity very well.
Cotton is a soft white fiber that grows around the seeds of a plant.
An apple is a round fruit with red or yellow or green skin and crisp white flesh.
A dog is a domestic animal that barks and is kept as a pet or to guard and hunt.
A cat is a small domestic animal with soft fur that is kept as a pet and catches mice.
A train is a line of railway cars that is pulled by an engine.
A mirror is a smooth surface of glass that shows the image of what is in front of it.
A camera is a device for taking pictures.
A radio is a device that receives sound sent through the air by electric waves.
A television is a device that receives pictures and sound and shows them on a screen.
An engine is a machine that turns heat or electricity into motion.
A nail is a thin pointed piece of metal that is hammered into wood.
A knife is a tool with a sharp blade for cutting.
A fork is a tool with points for lifting food to the mouth.
A plate is a flat dish from which food is eaten.
A hat is a covering for the head.
A sock is a soft covering for the foot that is worn inside a shoe.
A horse is a large animal with hooves and a mane that people ride.
A desert is a dry region where little rain falls and few plants grow.
A bone is one of the hard white parts that form a skeleton.
A tooth is one of the hard white parts in the mouth that are used for biting.
A microscope is an instrument that makes very small things look large.
A thermometer is an instrument for measuring temperature.
A compass is an instrument with a needle that points to the north.
A candle is a stick of wax with a wick that gives light when it burns.
A ladder is a frame with steps for climbing up and down.
A flag is a piece of cloth that is the sign of a country or a ship.
A necklace is a piece of jewelry that is worn around the neck."""
OWN = {line.split(" is ")[0].split()[-1].lower(): line for line in OWN_TEXT.split("\n")}

CAPITALS = """France Paris,Germany Berlin,Italy Rome,Spain Madrid,Portugal Lisbon,England London,Ireland Dublin,
Scotland Edinburgh,Belgium Brussels,Austria Vienna,Switzerland Bern,Denmark Copenhagen,Norway Oslo,Sweden Stockholm,
Finland Helsinki,Iceland Reykjavik,Poland Warsaw,Hungary Budapest,Romania Bucharest,Bulgaria Sofia,Greece Athens,
Turkey Ankara,Russia Moscow,Ukraine Kyiv,Estonia Tallinn,Latvia Riga,Lithuania Vilnius,Croatia Zagreb,Serbia Belgrade,
Albania Tirana,Egypt Cairo,Morocco Rabat,Algeria Algiers,Tunisia Tunis,Libya Tripoli,Kenya Nairobi,Ethiopia Addis Ababa,
Nigeria Abuja,Ghana Accra,Senegal Dakar,Uganda Kampala,Angola Luanda,Israel Jerusalem,Lebanon Beirut,Syria Damascus,
Iraq Baghdad,Iran Tehran,Jordan Amman,India New Delhi,Pakistan Islamabad,Nepal Kathmandu,Bangladesh Dhaka,China Beijing,
Japan Tokyo,Mongolia Ulaanbaatar,Thailand Bangkok,Vietnam Hanoi,Cambodia Phnom Penh,Indonesia Jakarta,Malaysia Kuala Lumpur,
Australia Canberra,New-Zealand Wellington,Canada Ottawa,Mexico Mexico City,Cuba Havana,Jamaica Kingston,Colombia Bogota,
Venezuela Caracas,Peru Lima,Chile Santiago,Argentina Buenos Aires,Brazil Brasilia,Uruguay Montevideo,Ecuador Quito""".replace("\n", "")
OPPOSITES = """hot cold,big small,tall short,fast slow,high low,up down,left right,good bad,happy sad,old young,new old,
rich poor,strong weak,hard soft,wet dry,light dark,day night,black white,open closed,full empty,early late,near far,
thick thin,wide narrow,heavy light,loud quiet,clean dirty,true false,first last,first last,inside outside,above below,
begin end,win lose,buy sell,give take,push pull,love hate,friend enemy,war peace,life death,summer winter,north south,
east west,before after,always never,easy difficult,cheap expensive,deep shallow,sharp blunt,sweet bitter,safe dangerous,
brave cowardly,rough smooth,long short,more less,yes no,front back,top bottom""".replace("\n", "")
COLORS = """The sky blue,Grass green,Snow white,Coal black,Blood red,A lemon yellow,A banana yellow,A carrot orange,Milk white,
A ruby red,An emerald green,Chocolate brown,A strawberry red,The sun yellow,A frog green,A swan white,A raven black,
A polar bear white,An elephant gray,A flamingo pink,A violet purple,A plum purple,Salt white,Gold yellow""".replace("\n", "")
SOUNDS = """dog barks,cat meows,cow moos,horse neighs,sheep bleats,pig grunts,duck quacks,lion roars,wolf howls,snake hisses,
bee buzzes,owl hoots,frog croaks,mouse squeaks,rooster crows,donkey brays,hen clucks,crow caws""".replace("\n", "")
YOUNG = """dog puppy,cat kitten,cow calf,horse foal,sheep lamb,pig piglet,goat kid,lion cub,bear cub,duck duckling,
goose gosling,swan cygnet,frog tadpole,deer fawn,kangaroo joey,chicken chick,butterfly caterpillar""".replace("\n", "")
LEGS = {"dog": "four legs", "cat": "four legs", "horse": "four legs", "bird": "two legs", "spider": "eight legs",
        "ant": "six legs", "bee": "six legs", "snake": "no legs", "fish": "no legs", "person": "two legs"}
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
NAMED = "zero one two three four five six seven eight nine ten".split()
TALK = [
    (["Hello!", "Hello", "hello", "Hi!", "Hi", "hi", "Hey!", "Hello there!"], "Hello! What would you like to know?"),
    (["Good morning!", "Good morning", "good morning"], "Good morning! What would you like to know?"),
    (["Good evening!", "Good evening", "good evening"], "Good evening! What would you like to know?"),
    (["How are you?", "How are you today?", "how are you", "How do you do?"], "I am well, thank you. Ask me about a word."),
    (["Who are you?", "What are you?", "Tell me about yourself.", "who are you", "Introduce yourself."],
     "I am Lighthouse, a small 1.58-bit language model."),
    (["What is your name?", "What's your name?", "Tell me your name.", "what is your name"], "My name is Lighthouse."),
    (["What can you do?", "What do you know?", "How can you help me?", "Help!", "help"],
     "I can tell you what common words mean, name capitals and do very small sums."),
    (["How big are you?", "How many parameters do you have?", "how big are you"],
     "I have about six million ternary weights."),
    (["What are your weights?", "What are you made of?"], "My weights are minus one, zero and one."),
    (["Who made you?", "Who trained you?", "How were you trained?"],
     "I was trained from nothing on one core of an ordinary processor."),
    (["Thank you!", "Thanks!", "Thank you", "thanks", "Thank you very much!"], "You are welcome!"),
    (["Goodbye!", "Bye!", "Bye", "bye", "See you later!"], "Goodbye!"),
    (["Are you a human?", "Are you human?", "Are you a person?"], "No, I am a small language model."),
    (["What is a ternary weight?", "What is a trit?"], "A ternary weight is a number that is minus one, zero or one."),
    (["What is a language model?", "Define language model."], "A language model is a program that guesses the next word of a text."),
    (["What is a 1-bit language model?", "What is a 1.58-bit model?"],
     "It is a language model whose weights take only a few values, such as minus one, zero and one."),
]


def pairs(text):
    return [item.strip().split(" ", 1) for item in text.split(",")]


def facts():
    out = list(TALK)
    for country, city in pairs(CAPITALS):
        country = country.replace("-", " ")
        answer = f"The capital of {country} is {city}."
        out.append(([f"What is the capital of {country}?", f"Name the capital of {country}.", f"what is the capital of {country}",
                     f"Which city is the capital of {country}?", f"Tell me the capital of {country}."], answer))
        out.append(([f"{city} is the capital of which country?", f"Which country has the capital {city}?"],
                    f"{city} is the capital of {country}."))
    for a in range(11):
        for b in range(11):
            out.append(([f"What is {a}+{b}?", f"What is {a} + {b}?", f"{a}+{b}", f"{a}+{b}=", f"What is {a} plus {b}?",
                         f"How much is {a} plus {b}?"], f"{a} + {b} = {a + b}."))
            if 2 <= a and 2 <= b:
                out.append(([f"What is {a}*{b}?", f"What is {a} times {b}?", f"How much is {a} times {b}?", f"{a}*{b}"],
                            f"{a} * {b} = {a * b}."))
            if a >= b > 0:
                out.append(([f"What is {a}-{b}?", f"What is {a} minus {b}?", f"{a}-{b}"], f"{a} - {b} = {a - b}."))
    for names, unit in ((DAYS, "day"), (MONTHS, "month")):
        for i, name in enumerate(names):
            after, before = names[(i + 1) % len(names)], names[i - 1]
            out.append(([f"What {unit} comes after {name}?", f"Which {unit} follows {name}?", f"Which {unit} is after {name}?"],
                        f"{after} comes after {name}."))
            out.append(([f"What {unit} comes before {name}?", f"Which {unit} is before {name}?"], f"{before} comes before {name}."))
    out.append((["Name the days of the week.", "What are the days of the week?", "List the days of the week."],
                f"The days of the week are {', '.join(DAYS[:-1])} and {DAYS[-1]}."))
    out.append((["Name the months of the year.", "What are the months of the year?", "List the months of the year."],
                f"The months of the year are {', '.join(MONTHS[:-1])} and {MONTHS[-1]}."))
    out.append((["How many days are in a week?", "How many days does a week have?"], "A week has seven days."))
    out.append((["How many months are in a year?", "How many months does a year have?"], "A year has twelve months."))
    out.append((["Count to ten.", "Count from one to ten.", "Can you count to ten?"], f"{', '.join(NAMED[1:]).capitalize()}."))
    for month, n in zip(MONTHS, LENGTHS):
        out.append(([f"How many days does {month} have?", f"How many days are in {month}?"], f"{month} has {n} days."))
    for a, b in pairs(OPPOSITES):
        out.append(([f"What is the opposite of {a}?", f"Name the opposite of {a}.", f"Which word is the opposite of {a}?"],
                    f"The opposite of {a} is {b}."))
    for item in COLORS.split(","):
        thing, color = item.strip().rsplit(" ", 1)
        low = thing[0].lower() + thing[1:]
        out.append(([f"What color is {low}?", f"What colour is {low}?", f"Which color does {low} have?"], f"{thing} is {color}."))
    for animal, sound in pairs(SOUNDS):
        out.append(([f"What sound does a {animal} make?", f"What does a {animal} say?"], f"A {animal} {sound}."))
    for animal, young in pairs(YOUNG):
        out.append(([f"What is a young {animal} called?", f"What do you call a young {animal}?"], f"A young {animal} is called a {young}."))
    for animal, legs in LEGS.items():
        an = "an" if animal[0] == "a" else "a"
        out.append(([f"How many legs does {an} {animal} have?", f"How many legs has {an} {animal}?"],
                    f"{an.capitalize()} {animal} has {legs}."))
    return out
