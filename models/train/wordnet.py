"""Reads WordNet 3.0's noun database and turns glosses into answers.

data.noun:   offset lexfile n count word lex_id ... | gloss; "example"; ...
index.noun:  lemma n senses pointers ... offsets, most frequent sense first
cntlist.rev: sense_key sense_number tag_count
"""
import re
from pathlib import Path

from facts import OWN

ROOT = Path("/usr/share/wordnet")

# Lexicographer files of things one can point at; the second set is of stuffs, which take no article.
COUNTABLE = {"05": "animal", "06": "artifact", "08": "body", "17": "object", "18": "person", "20": "plant"}
MASS = {"27": "substance", "13": "food"}

# Askable words that must be there whatever their frequency in WordNet's tagged texts.
MUST = """lighthouse bridge cat dog piano volcano computer bicycle car train ship boat airplane helicopter rocket
house castle tower church school hospital library museum garden kitchen window door table chair bed lamp mirror clock
watch pencil pen book newspaper letter dictionary map camera telephone radio television robot engine wheel hammer saw
nail screw knife fork spoon plate cup bottle glass box bag basket key lock shoe hat coat shirt dress sock glove
umbrella guitar violin drum flute trumpet harp horse cow pig sheep goat chicken duck goose rabbit mouse rat squirrel
fox wolf bear lion tiger elephant giraffe zebra monkey gorilla kangaroo koala whale dolphin shark fish octopus crab
lobster turtle snake lizard crocodile frog eagle owl parrot penguin swan bee ant spider butterfly mosquito worm snail
tree oak pine rose tulip daisy cactus mushroom apple banana orange lemon strawberry grape tomato potato carrot onion
mountain river lake ocean sea island desert forest valley waterfall glacier cave beach planet star comet galaxy
doctor nurse teacher farmer soldier sailor pilot painter poet king queen prince princess judge lawyer baker butcher
carpenter scientist student child baby heart brain lung liver kidney stomach bone muscle nose mouth tooth tongue
telescope microscope thermometer compass anchor tent candle rainbow pyramid statue windmill tunnel canal harbor
submarine tractor truck bus motorcycle elevator ladder bucket broom needle calculator keyboard printer
sword shield bow arrow gun cannon flag crown ring necklace diamond emerald ruby pearl cheese bread butter milk honey
sugar salt pepper coffee tea wine beer rice wheat gold silver iron copper water ice steel paper wool cotton silk coal""".split()

# Countable foods and things, and stuffs outside the substance file; everything else follows its lexicographer file.
COUNT_FOOD = """apple banana orange lemon strawberry grape tomato potato carrot onion cake pie cookie sandwich egg sausage
pear peach plum cherry melon pumpkin cabbage cucumber olive nut walnut almond pancake omelet pizza biscuit loaf mushroom
lime mango apricot date fig berry raspberry blueberry blackberry pea bean turnip radish beet hamburger steak salad soup
stew meal dinner breakfast lunch supper feast banquet dish snack roll bun cracker candy cocktail drink bagel muffin
pineapple grapefruit tangerine coconut chestnut hazelnut pomegranate cranberry waffle doughnut taco burrito""".split()
MASS_THING = """furniture clothing equipment machinery jewelry money cash hair blood skin wool silk cotton lace velvet
linen denim fur leather pottery glassware cutlery luggage baggage software hardware ammunition music art air land sand
soil grass ivy moss seaweed bamboo soap paint gravel lava timber lumber fabric canvas cardboard plumbing footwear china
underwear scaffolding wheat rice corn barley rye mint parsley basil clover ice plastic flesh flax hemp livestock cattle
poultry vermin earth nature bacon tobacco heaven space armor silverware tableware headgear artillery mail linoleum
concrete medicine aspirin morphine heroin cocaine opium penicillin insulin nicotine caffeine dope tape string thread
wire cable rope ware merchandise fertilizer nightwear sportswear sunscreen""".split()
# Nouns whose first sense is not what is meant, that have no singular, or that are better left to others.
SKIP = """man woman thing stuff it he she who sex whore prostitute bitch bastard nigger negro slave jap pants trousers
scissors glasses tongs pliers nazi penis vagina breast anus buttocks testis bra terrorist rapist genitalia sissy
fag dyke coon savage idiot moron imbecile cretin homosexual lesbian jew gypsy squaw half-breed groin crotch nipple
a i in at be no so or as by do go man an us am pm mister mr mrs sir madam""".split()


def load():
    """-> (lemma -> (synset offset of its first sense, tag count)), (offset -> (lexfile, gloss))."""
    synsets = {}
    for line in open(ROOT / "data.noun", encoding="utf-8"):
        if line[0] != " ":
            head, gloss = line.split("|", 1)
            fields = head.split()
            synsets[fields[0]] = (fields[1], gloss.strip())
    counts = {}
    for line in open(ROOT / "cntlist.rev", encoding="utf-8"):
        key, sense, count = line.split()
        lemma, rest = key.split("%")
        counts[lemma, rest[0]] = counts.get((lemma, rest[0]), 0) + int(count)
    lemmas = {}
    for line in open(ROOT / "index.noun", encoding="utf-8"):
        if line[0] != " ":
            fields = line.split()
            first = fields[-int(fields[2])]
            # A word that is mostly a verb or adjective would be a strange noun to ask about.
            noun = counts.get((fields[0], "1"), 0)
            other = sum(counts.get((fields[0], p), 0) for p in "2345")
            lemmas[fields[0]] = (first, noun if noun >= other else -1)
    return lemmas, synsets


def article(word):
    if re.match(r"(uni[^nm]|use|usu|uti|ura|eu|ewe|one|u-|ufo)", word):
        return "a"
    return "an" if word[0] in "aeiou" or word.startswith(("hour", "heir", "honest", "honor")) else "a"


def clean(gloss):
    """First clause of a gloss without parentheses, or None if what is left is no plain phrase."""
    text = re.sub(r"\s*\([^()]*\)", "", gloss)
    text = re.split(r"[;:]", text)[0].strip().rstrip(".").strip()
    if re.search(r"\betc$", text):
        text = re.sub(r"\s*,?\s*(or|and)?\s*etc$", "", text)
    ok = re.fullmatch(r"[A-Za-z0-9 ,'\-]+", text) and 12 <= len(text) <= 96 and len(text.split()) >= 3
    return text if ok else None


def definition(word, lexfile, gloss):
    """-> (subject as asked, answer sentence) such as ("a cat", "A cat is a feline mammal ..."), or None."""
    text = clean(gloss)
    if text is None:
        return None
    mass = word in MASS_THING or (lexfile in MASS and word not in COUNT_FOOD)
    first = text.split()[0].lower()
    determined = first in ("a", "an", "the", "any", "one", "someone", "something", "either", "anyone", "each", "that")
    if not determined and not mass:
        head = re.split(r" (?:of|with|that|who|which|having|in|for|used|on|to|from|or|and|by|at)\b|,", text)[0]
        plural = head.endswith("s") and not head.endswith(("ss", "us"))
        if plural or first in ("used", "made", "of", "in", "being") or lexfile not in ("05", "18", "20", "13"):
            return None
        text = f"{article(first)} {text}"
    subject = word if mass else f"{article(word)} {word}"
    if text.split()[0] in ("A", "An", "The"):
        text = text[0].lower() + text[1:]
    return subject, f"{subject[0].upper()}{subject[1:]} is {text}."


def definitions(limit):
    """The `limit` most frequent defined concrete nouns, MUST first -> list of (word, subject, answer, offset)."""
    lemmas, synsets = load()
    ranked = sorted(lemmas, key=lambda w: (w not in MUST, -lemmas[w][1], w))
    out = []
    for word in ranked:
        offset, count = lemmas[word]
        lexfile, gloss = synsets[offset]
        if not re.fullmatch(r"[a-z]{3,12}", word) or word in SKIP or (count < 1 and word not in MUST):
            continue
        if word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in MUST:
            continue
        if lexfile not in COUNTABLE and lexfile not in MASS and word not in MUST:
            continue
        made = definition(word, lexfile, gloss)
        if word in OWN:
            out.append((word, OWN[word].split(" is ")[0].lower(), OWN[word], "own"))
        elif made and not re.search(rf"\b{word}\b", made[1].split(" is ", 1)[1]):
            out.append((word, *made, offset))
        if len(out) == limit:
            break
    return out


def examples():
    """Example sentences of every part of speech, as prose -> list of str."""
    out = set()
    for part in ("noun", "verb", "adj", "adv"):
        for line in open(ROOT / f"data.{part}", encoding="utf-8"):
            if line[0] != " ":
                for s in re.findall(r'"([^"]+)"', line.split("|", 1)[1]):
                    if re.fullmatch(r"[A-Za-z][A-Za-z ,'\-]{24,90}", s) and s.count(" ") >= 4:
                        out.add(s[0].upper() + s[1:] + ".")
    return sorted(out)
