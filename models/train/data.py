"""Builds the questions and answers: work/items.json, work/heldout.json and work/prose.json.

An item is {"q": [phrasings], "a": answer, "held": index of the phrasing never trained, or -1}.
The same seed gives the same files.
"""
import argparse
import json
import random
from pathlib import Path

import facts
import wordnet

WORK = Path(__file__).parent / "work"
BOS, EOS, EOT = "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"


def phrasings(word, subject):
    return [f"What is {subject}?", f"Define {word}.", f"What does {word} mean?", f"Tell me what {subject} is.",
            f"What's {subject}?", f"Explain the word {word}.", f"what is {subject}", f"Can you tell me what {subject} is?"]


def prompt_text(question):
    """What the chat template gives for one user turn, without BOS."""
    return f"User: {question}{EOT}Assistant: "


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--words", type=int, default=1500, help="words defined, held-out ones included")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    words = wordnet.definitions(args.words)

    # 3% of the words, with every synonym, are never seen; the askable ones are always taught.
    offsets = sorted({w[3] for w in words if w[0] not in wordnet.MUST} - {w[3] for w in words if w[0] in wordnet.MUST})
    held = set(rng.sample(offsets, len(offsets) * 3 // 100))
    items, heldout = [], []
    for word, subject, answer, offset in words:
        item = {"q": phrasings(word, subject), "a": answer, "held": -1}
        if offset in held:
            heldout.append(item)
        else:
            if rng.random() < 0.1:
                item["held"] = rng.randrange(len(item["q"]))
            items.append(item)
    items += [{"q": q, "a": a, "held": -1} for q, a in facts.facts()]
    prose = wordnet.examples()
    rng.shuffle(prose)
    WORK.mkdir(exist_ok=True)
    for name, value in (("items", items), ("heldout", heldout), ("prose", prose)):
        (WORK / f"{name}.json").write_text(json.dumps(value, indent=0))
    print(f"{len(items)} items, {len(heldout)} held-out words, {len(prose)} sentences")


if __name__ == "__main__":
    main()
