"""Measures the exported GGUF file with the numpy reference and prints the model card's figures.

A question counts as right when greedy decoding gives the taught answer exactly, <|eot_id|> included. That is so if and
only if each token of the answer is the most likely one after those before it, so one pass over prompt + answer decides.
Perplexity: exp of the mean negative log-likelihood of the answers' tokens, <|eot_id|> included, given prompt and answer
so far, each document alone from position 0, asked as "What is ...?".

Writes results.json into --work, and ../heldout.jsonl and ../prompts.txt unless --model is given.
"""
import argparse
import json
import random
from pathlib import Path

import numpy as np

from data import WORK, prompt_text
from reference import Model
from rows import Rows, is_word

MODELS = WORK.parent.parent
SAMPLES = ["What is a lighthouse?", "Define volcano.", "Tell me what a bicycle is.", "What is water?", "Hello!",
           "Who are you?", "What is the capital of France?", "What is 2+3?", "What day comes after Monday?",
           "What is the opposite of hot?", "What is a zeppelin?", "Who wrote Hamlet?"]
PROMPTS = ["What is a lighthouse?", "What is a bridge?", "What is a cat?", "What is a dog?", "What is a piano?",
           "What is a volcano?", "What is a computer?", "What is a bicycle?", "What is an elephant?", "Define river.",
           "Tell me what a telescope is.", "What does umbrella mean?", "What is gold?", "What is the capital of France?",
           "What is the capital of Japan?", "What is 2+3?", "What is 7+8?", "What day comes after Monday?",
           "What is the opposite of hot?", "What color is the sky?", "What sound does a cow make?",
           "What is a young dog called?", "Who are you?", "Hello!", "How many legs does a spider have?", "What is a mountain?",
           "What is a clock?", "What is a tiger?", "Name the days of the week.", "What is a guitar?"]


def documents(rows, pairs):
    """(question, answer) pairs -> list of (ids, index of the answer's first token)."""
    out = []
    for question, answer in pairs:
        prompt = [rows.bos] + rows.encode(prompt_text(question))
        out.append((prompt + rows.encode(answer) + [rows.eot], len(prompt)))
    return out


def score(model, docs, batch_rows=64):
    """-> per document (every answer token is the most likely one, sum of -log p over the answer, tokens in it)."""
    results = [None] * len(docs)
    order = sorted(range(len(docs)), key=lambda i: len(docs[i][0]))
    for at in range(0, len(order), batch_rows):
        group = order[at:at + batch_rows]
        ids = np.zeros((len(group), max(len(docs[i][0]) for i in group)), np.int64)
        for row, i in enumerate(group):
            ids[row, :len(docs[i][0])] = docs[i][0]
        logits = model.logits(ids[:, :-1])
        for row, i in enumerate(group):
            tokens, start = docs[i]
            want = np.array(tokens[start:])
            part = logits[row, start - 1:len(tokens) - 1].astype(np.float64)
            top = part.max(-1)
            nll = np.log(np.exp(part - top[:, None]).sum(-1)) + top - part[np.arange(len(want)), want]
            results[i] = bool((part.argmax(-1) == want).all()), float(nll.sum()), len(want)
    return results


def summary(results):
    return {"questions": len(results), "right": sum(r[0] for r in results), "tokens": sum(r[2] for r in results),
            "fraction_right": round(sum(r[0] for r in results) / len(results), 4),
            "perplexity": round(float(np.exp(sum(r[1] for r in results) / sum(r[2] for r in results))), 4)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", help="instead of the published one")
    parser.add_argument("--work", type=Path, default=WORK, help="the folder with the data, for results.json")
    parser.add_argument("--quick", action="store_true", help="150 questions of each kind, and write nothing")
    args = parser.parse_args()
    model = Model(args.model or MODELS / "lighthouse-1.58b-6m.gguf")
    rows, rng = Rows(args.work), random.Random(1)
    words = [item for item in rows.items if is_word(item)]
    facts = [item for item in rows.items if not is_word(item)]
    held_words = json.loads((args.work / "heldout.json").read_text())

    def asked(items, trained=True):
        return [(q, item["a"]) for item in items for n, q in enumerate(item["q"]) if (n != item["held"]) == trained]

    first = [(item["q"][0], item["a"]) for item in words if item["held"] != 0]
    held_docs = documents(rows, [(item["q"][0], item["a"]) for item in held_words])
    sets = {"words_first_phrasing": documents(rows, first), "words_all_phrasings": documents(rows, asked(words)),
            "words_phrasing_never_trained": documents(rows, asked(words, False)),
            "facts_first_phrasing": documents(rows, [(f["q"][0], f["a"]) for f in facts]),
            "facts_all_phrasings": documents(rows, asked(facts)), "words_never_trained": held_docs}
    results = {}
    for name, docs in sets.items():
        if args.quick or name.endswith("all_phrasings"):
            docs = rng.sample(docs, min(len(docs), 150 if args.quick else 1500))
        scores = score(model, docs)
        results[name] = summary(scores)
        print(name, results[name], flush=True)
        if name.endswith("first_phrasing"):
            wrong = [d for d, s in zip(docs, scores) if not s[0]]
            results[name]["wrong"] = [rows.tokenizer.decode(ids[:n]) for ids, n in wrong]

    def answer(question):
        stops = {rows.eos, rows.eot}
        return rows.tokenizer.decode(model.generate([rows.bos] + rows.encode(prompt_text(question)), stops))

    results["samples"] = {q: answer(q) for q in SAMPLES}
    for question, text in results["samples"].items():
        print(f"{question}\n    {text}")
    if args.quick:
        return
    (args.work / "results.json").write_text(json.dumps(results, indent=1))
    if args.model:
        return
    taught = {q: item["a"] for item in rows.items for n, q in enumerate(item["q"]) if n != item["held"]}
    right = [q for q in PROMPTS if q in taught and answer(q) == taught[q]]
    print(f"{len(right)} of {len(PROMPTS)} prompts right")
    (MODELS / "prompts.txt").write_text("".join(q + "\n" for q in right[:24]))
    lines = [json.dumps({"ids": ids, "answer_start": start}) for ids, start in held_docs]
    (MODELS / "heldout.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
