"""Perplexity of the checkpoint in the training framework, on a file like ../heldout.jsonl.

The same definition as evaluate.py and `bitnet-infer --perplexity`: exp of the mean negative log-likelihood of the
tokens from answer_start on, each document alone from position 0. The three should agree but for rounding.
"""
import argparse
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

from data import WORK
from model import VARIANTS, Config, Lighthouse


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", default=str(WORK.parent.parent / "heldout.jsonl"))
    parser.add_argument("--variant", choices=VARIANTS, default="w1.58a8", help="what train.py was given")
    parser.add_argument("--work", type=Path, default=WORK, help="the folder with last.pt")
    args = parser.parse_args()
    model = Lighthouse(Config(activations=VARIANTS[args.variant]))
    model.load_state_dict(torch.load(args.work / "last.pt")["model"])
    model.eval()
    total, tokens = 0.0, 0
    with torch.no_grad(), open(args.file) as lines:
        for line in lines:
            document = json.loads(line)
            ids, start = torch.tensor([document["ids"]]), document["answer_start"]
            logits = model(ids[:, :-1])  # [n - 1, vocab]
            total += F.cross_entropy(logits[start - 1:], ids[0, start:], reduction="sum").item()
            tokens += ids.shape[1] - start
    print(f"perplexity {math.exp(total / tokens):.4f} over {tokens} tokens")


if __name__ == "__main__":
    main()
