"""Trains the model for a number of steps or until a time limit; writes last.pt and train.log into --work.

The learning rate rises for 2% of the run and falls to zero along a cosine. With --minutes the position in the run is
measured by the clock, so that a busy machine ends on time; touching finish-now there shortens the rest to 3 minutes.
"""
import argparse
import math
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from data import WORK
from model import VARIANTS, Config, Lighthouse
from rows import PROMPT_WEIGHT, Rows


def learning_rate(peak, progress):
    warmup = 0.02
    if progress < warmup:
        return peak * max(progress, 1e-4) / warmup
    return peak * (0.5 + 0.5 * math.cos(math.pi * min(1.0, (progress - warmup) / (1 - warmup))))


def weighted_loss(model, ids, targets, weights):
    # One prompt position in eight stands for all: the output layer is a seventh of the arithmetic.
    chosen = torch.rand(len(weights)) < 0.125
    weights = torch.where(weights == PROMPT_WEIGHT, chosen * weights * 8, weights)
    keep = weights.nonzero().squeeze(1)
    losses = F.cross_entropy(model(ids, keep), targets[keep], reduction="none")
    kept = weights[keep]
    answers = losses.detach()[kept == 1.0]
    return (losses * kept).sum() / kept.sum(), answers.mean().item() if len(answers) else float("nan")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4500)
    parser.add_argument("--minutes", type=float, help="instead of --steps: end after this time")
    parser.add_argument("--tokens", type=int, default=768, help="per batch")
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--rewind", type=float, help="with --resume: take the learning rate back to this part of the run")
    parser.add_argument("--variant", choices=VARIANTS, default="w1.58a8", help="weights and activations, in bits")
    parser.add_argument("--work", type=Path, default=WORK, help="the folder with the data, for the checkpoint and the log")
    args = parser.parse_args()
    work = args.work
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    data, model = Rows(work), Lighthouse(Config(activations=VARIANTS[args.variant]))
    matrices = [p for p in model.parameters() if p.dim() == 2 and p is not model.embedding]
    others = [p for p in model.parameters() if p.dim() != 2] + [model.embedding]
    optimizer = torch.optim.AdamW([{"params": matrices, "scale": 1.0}, {"params": others, "scale": 0.5}], lr=args.lr,
                                  betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
    state = {"step": 0, "epoch": 0, "batch": 0, "tokens": 0, "seconds": 0.0, "progress": 0.0}
    if args.resume:
        saved = torch.load(work / "last.pt")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
        if args.rewind is not None:
            state["progress"] = args.rewind

    def save():
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": state}, work / "new.pt")
        (work / "new.pt").rename(work / "last.pt")

    log = open(work / "train.log", "a" if args.resume else "w")
    end = time.time() + args.minutes * 60 if args.minutes else None
    saved_at, recent = time.time(), []
    if state["step"] == 0:
        save()
    while state["progress"] < 1:
        rng = random.Random(args.seed * 1000003 + state["epoch"])
        for ids, targets, weights in data.batches(state["epoch"], rng, args.tokens)[state["batch"]:]:
            start = time.time()
            rate = learning_rate(args.lr, state["progress"])
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]
            loss, answer_loss = weighted_loss(model, ids, targets, weights)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            seconds = time.time() - start
            recent.append((answer_loss, seconds, ids.numel()))
            for key, more in (("step", 1), ("batch", 1), ("tokens", int((weights > 0).sum())), ("seconds", seconds)):
                state[key] += more
            if end:
                if (work / "finish-now").exists():
                    end = min(end, time.time() + 180)
                left = max(end - time.time(), 0.0)
                state["progress"] += (1 - state["progress"]) * min(1.0, seconds / (left + seconds))
            else:
                state["progress"] = state["step"] / args.steps
            if state["step"] % 50 == 0 or state["progress"] >= 1:
                answers = [a for a, _, _ in recent if a == a]
                log.write("step %d epoch %d progress %.3f lr %.2e answer_loss %.4f tok/s %.0f tokens %d seconds %.0f\n" % (
                    state["step"], state["epoch"], state["progress"], rate, sum(answers) / max(1, len(answers)),
                    sum(n for _, _, n in recent) / sum(s for _, s, _ in recent), state["tokens"], state["seconds"]))
                log.flush()
                recent = []
            if time.time() - saved_at > 120:
                save()
                saved_at = time.time()
            if state["progress"] >= 1:
                break
        else:
            state["epoch"], state["batch"] = state["epoch"] + 1, 0
    save()


if __name__ == "__main__":
    main()
