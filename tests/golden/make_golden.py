#!/usr/bin/env python3
"""Writes golden.json and golden_logits.npy: what reference.py computes from the embedded model.

Usage: tests/golden/make_golden.py [MODEL.gguf]     (python3 with numpy; about a minute; run it when the model changes)

The tolerance. The engine computes in float32, the reference in float64. Two things follow.

1. Rounding. Every float32 vector is off by a relative 2^-24 to 2^-22 or so. Alone this would move a logit in its sixth
   digit.
2. Flips. An activation x * scale that lies that close to a rounding boundary, half-way between two integers, may be
   rounded to the other one. A value of size 127 is off by about 127 * 2^-23 = 1.5e-5, so about one activation in 1e5 flips;
   with 12288 quantised activations per token (8 layers of 256 + 256 + 256 + 768) that is a flip every few tokens. A
   flip is a whole quantisation step: it moves the outputs of that product by 1 / (r * sqrt(k)) of their size, where
   r is about 30 (the root mean square of q) and k = 256: 0.2 %. That displaces the next layer's activations by 0.2 % of
   30 = 0.06 steps, so some 6 % of *them* flip, and so on: within a few layers all further roundings are independent
   of the reference's, and keys and values carry this to all later tokens. It ends there, because
   independent rounding is all the difference there can be: each product then has a relative error of
   sqrt(2/12) / r = 1.4 % of its size, and a sum of 2 * 8 such branches, in which each is a part only, about as much.

So differences are of the order of 1 % of the logits' size however small the float32 errors are, and what they are
exactly depends on the model. It is measured instead of guessed: the reference runs again as TWINS twins in which each
float32 vector is disturbed by +-2^-23 (reference.Sequence), which sets off the same avalanche. A sequence's tolerance is
twice the largest difference between any twin's logit and the reference's, over its positions and the whole vocabulary:
10^5 to 10^7 nearly normal differences, whose maximum lies at 4 to 5 standard deviations, so that the test allows 8 to 10.

That would hide a small mistake, so there are also CALM sequences: three tokens, chosen so that no activation lies
within 1e-4 of a boundary. There nothing can flip, and rounding alone remains. On the longest way from a token to a
logit lie fewer than 256 float32 roundings (8 layers of two norms, two sub-norms, the fold of 16 lanes in each, RoPE,
softmax, attention and residual sums, then the head), so the tolerance is 256 * 2^-24 = 2^-16 of the largest logit.

Two logits can move towards each other, so a greedy choice is certain when its margin over the second is above twice
the largest tolerance. Continuations are kept only when every choice in them is certain; the test then demands equality.
"""
import json
import pathlib
import sys
import time
import zlib

import numpy as np

import reference

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parents[1] / "models" / "lighthouse-1.58b-6m.gguf"
TWINS = 8
STRIPE = 64           # Logits kept per position p: of ids p % 64, p % 64 + 64, ... All ids come up in 64 positions.
CALM = 8              # Sequences in which nothing can flip.
CALM_DISTANCE = 1e-4  # From a boundary, in steps: 127 * 2^-23 is 1.5e-5, and a few roundings add up.
CONTINUATION = 32     # Tokens, or up to the end token.
WANTED = 24           # Continuations to keep; golden_test demands 20.

# Subjects to ask about until enough continuations are certain.
SUBJECTS = """a lighthouse;water;a child;a soldier;a house;a school;a door;a ship;a river;a mountain;a bird;a horse;a king;
a letter;a doctor;a tree;a book;a road;a window;a garden;a table;music;money;a city;a dog;a cat;a church;a clock;
bread;a bridge;a knife;a boat;a farmer;winter;summer;fire;gold;iron;silver;a wheel;a village;an island;a forest;
a kitchen;a teacher;a student;a captain;a storm;a star;the moon;the sun;a cloud;rain;snow;salt;sugar;milk;wine;a coat;
a hat;a shoe;a ring;a chair;a bed;a lamp;a candle;a mirror;a needle;a hammer;a sword;a gun;an army;a prison;a judge;
a law;a war;a dream;a song;a dance;a game""".replace("\n", "").split(";")
FORMS = ["What is {}?", "Tell me what {} is.", "What's {}?", "Can you tell me what {} is?"]


def chat(question):
    return "User: %s<|eot_id|>Assistant: " % question


def log(text):
    print("%6.1f s  %s" % (time.monotonic() - START, text), file=sys.stderr, flush=True)


def top_two(row):
    """The likeliest id (the lowest of equals) and its lead over the second."""
    best = int(np.argmax(row))
    return best, float(row[best] - np.max(np.delete(row, best)))


def greedy(model, tokenizer, prompt, margin_wanted):
    """Continuation, the margin of every choice (the end token too), and whether the end token ended it.

    None as soon as one choice has too small a margin.
    """
    sequence, ids, margins = reference.Sequence(model), [], []
    logits = sequence.forward(prompt)[-1]
    while True:
        best, margin = top_two(logits)
        if margin <= margin_wanted:
            return None
        margins.append(margin)
        if best in tokenizer.ends:
            return ids, margins, True
        ids.append(best)
        if len(ids) == CONTINUATION:
            return ids, margins, False
        logits = sequence.forward([best])[-1]


def nearest_boundary(sequence):
    return min(distances.min() for distances in sequence.flippable)


def largest_difference(model, ids, exact):
    result = 0.0
    for twin in range(TWINS):
        noise = np.random.default_rng(1000 + twin)
        result = max(result, float(np.abs(reference.Sequence(model, noise).forward(ids) - exact).max()))
    return result


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL
    gguf = reference.Gguf(path)
    model, tokenizer = reference.Model(gguf), reference.Tokenizer(gguf)
    vocab = model.embedding.shape[0]
    rng = np.random.default_rng(7)

    # In and out of what the model knows, and long enough to cross several blocks of the KV cache.
    texts = [chat("What is a lighthouse?"), chat("What does river mean?") + "A river is a large natural stream of water.",
             "A storm came up in the night. The keeper climbed the stairs and lit the lamp, as he had done every evening "
             "for twenty years, and looked out over the sea towards the ships that were late."]
    sequences = [tokenizer.encode(text) for text in texts]
    sequences.append([tokenizer.bos] + rng.integers(0, vocab, 40).tolist())
    sequences.append([int(rng.integers(0, vocab))] * 24)
    dialogue = "<|eot_id|>".join(chat(form.format(s)) + "It is what it is." for s, form in zip(SUBJECTS, FORMS * 3))
    sequences.append(tokenizer.encode(dialogue)[:200])

    stripes, records = [], []

    def record(ids, logits, tolerance):
        choices = [top_two(row) for row in logits]
        stripes.extend(row[p % STRIPE::STRIPE] for p, row in enumerate(logits))
        records.append({"ids": ids, "tolerance": tolerance, "argmax": [c[0] for c in choices],
                        "margin": [round(c[1], 4) for c in choices]})

    for ids in sequences:
        sequence = reference.Sequence(model)
        logits = sequence.forward(ids)
        largest = largest_difference(model, ids, logits)
        near = sum((distances < 1.5e-5).sum() for distances in sequence.flippable)
        log("%d tokens: logits of standard deviation %.2f, twins differ by at most %.4f; %.2f activations a token could flip"
            % (len(ids), logits.std(), largest, near / len(ids)))
        record(ids, logits, max(2 * largest, 2**-16 * float(np.abs(logits).max())))
    loosest = max(r["tolerance"] for r in records)

    calm = tries = 0
    while calm < CALM:
        ids, sequence, rows = rng.integers(0, vocab, 3).tolist(), reference.Sequence(model), []
        tries += 1
        while len(rows) < len(ids) and (not rows or nearest_boundary(sequence) > CALM_DISTANCE):
            rows.append(sequence.forward([ids[len(rows)]])[0])
        if nearest_boundary(sequence) > CALM_DISTANCE:
            logits = np.array(rows)
            record(ids, logits, 2**-16 * float(np.abs(logits).max()))
            calm += 1
    log("%d calm sequences among %d; twins of the last differ by %.1e, its tolerance is %.1e"
        % (calm, tries, largest_difference(model, records[-1]["ids"], logits), records[-1]["tolerance"]))

    kept, tried = [], 0
    for form in FORMS:
        for subject in SUBJECTS:
            if len(kept) == WANTED:
                break
            text = chat(form.format(subject))
            prompt = tokenizer.encode(text)
            result = greedy(model, tokenizer, prompt, 2 * loosest)
            tried += 1
            if result is not None:
                ids, margins, ended = result
                kept.append({"text": text, "prompt": prompt, "continuation": ids, "ended": ended,
                             "margins": [round(m, 4) for m in margins]})
                log("kept %d of %d, smallest margin %.2f: %s%s" % (len(kept), tried, min(margins), text, tokenizer.text(ids)))
    if len(kept) < WANTED:
        log("only %d of %d prompts have margins above %.4f throughout" % (len(kept), tried, 2 * loosest))

    np.save(HERE / "golden_logits.npy", np.array(stripes, np.float32))
    golden = {"model": path.name, "model_crc32": zlib.crc32(gguf.bytes), "model_bytes": len(gguf.bytes),
              "stripe": STRIPE, "sequences": records, "continuations": kept}
    text = json.dumps(golden, indent=None, separators=(",", ":")).replace('},{', '},\n{').replace('],[', '],\n[')
    (HERE / "golden.json").write_text(text + "\n")
    log("wrote %d logits of %d positions, %d continuations" % (np.size(stripes), len(stripes), len(kept)))
    return 0 if len(kept) >= 20 else 1


if __name__ == "__main__":
    START = time.monotonic()
    sys.exit(main())
