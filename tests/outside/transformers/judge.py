#!/usr/bin/env python3
"""Compares the engine's logits with those of PyPI's transformers. Called by run.sh.

Usage: judge.py --engine-logits PROGRAM --work FOLDER [DIRECTORY-NAME-PART...]

Two judgements.

1. The trained model, models/lighthouse-1.58b-6m: transformers computes its Hugging Face directory, the engine the GGUF file and
   the directory. Both programs quantise each input per token and compute in float32 otherwise, so each may be off from the exact
   model by what tests/golden/make_golden.py derives and golden.json holds for each sequence; from one another by twice
   that. In the "calm" sequences of three tokens no rounding can turn, and that is some 1e-4. Besides, the perplexity of
   the held-out answers: each of n log probabilities is off by a normal variable of the size of those
   differences, their mean by 4 of its standard deviations at most.

2. Random models in every form that Hugging Face directories have (directories.py), which the engine reads as they are. Here there is
   no table of tolerances, so transformers runs twice: as it is, and with activations that are not rounded.
   b = KL(not rounded | rounded) is what int8 activations do to the model. The engine rounds them too, and alike but for those that
   single precision turns; were all turned, 2 b would lie between the programs, and they must stay below b on
   average, as in llama_cpp/judge.py. A wrong scale, order of rows or norm moves logits by as much as they spread: nats.
   In models that were never quantised nothing is rounded. On the longest way from a token to a logit there lie fewer than 128
   float32 roundings in either program: the largest difference must be below 2 * 128 * 2^-24 = 2^-16 of the largest logit.
"""
import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(HERE.parent / "llama_cpp")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from transformers.integrations import bitnet  # noqa: E402

from directories import DIRECTORIES, VOCAB  # noqa: E402
from figures import kl, log_probabilities, top1  # noqa: E402

TOKENS = 128


class Judge:
    """transformers with one directory, in float32."""

    def __init__(self, folder):
        transformers.logging.set_verbosity_error()
        self.model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        for parameter in list(self.model.parameters()) + list(self.model.buffers()):
            if parameter.dtype in (torch.float16, torch.bfloat16):  # Quantised models keep what the file has.
                parameter.data = parameter.data.float()
        for module in self.model.modules():
            if isinstance(module, bitnet.BitLinear):
                module.dtype = torch.float32

    def logits(self, ids):
        with torch.no_grad():
            return self.model(torch.tensor([ids])).logits[0].float().numpy()

    def logits_without_rounding(self, ids):
        rounded = bitnet.ActQuant.forward, bitnet.BitLinear.activation_quant
        try:
            bitnet.ActQuant.forward = staticmethod(lambda context, x: x)
            bitnet.BitLinear.activation_quant = lambda self, x: (x, torch.ones_like(x[..., :1]))
            return self.logits(ids)
        finally:
            bitnet.ActQuant.forward, bitnet.BitLinear.activation_quant = staticmethod(rounded[0]), rounded[1]


def engine_logits(arguments, model, sequences):
    ids, output = arguments.work / "ids.txt", arguments.work / "logits.bin"
    ids.write_text("".join(" ".join(map(str, s)) + "\n" for s in sequences))
    subprocess.run([arguments.engine_logits, "--model", model, "--ids", ids, "--output", output, "--threads", "1"],
                   check=True, stdout=subprocess.DEVNULL)
    rows = np.fromfile(output, np.float32).reshape(-1, VOCAB)
    return np.split(rows, np.cumsum([len(s) for s in sequences])[:-1])


def judge_trained(arguments):
    """Failures."""
    failures = []
    golden = json.loads((ROOT / "tests" / "golden" / "golden.json").read_text())
    sequences = [s["ids"] for s in golden["sequences"]]
    tolerances = [2 * s["tolerance"] for s in golden["sequences"]]
    held_out = [json.loads(line) for line in (ROOT / "models" / "heldout.jsonl").read_text().splitlines()]
    model = ROOT / "models" / "lighthouse-1.58b-6m"
    judge = Judge(model)
    texts = sequences + [h["ids"] for h in held_out]
    theirs = [judge.logits(ids) for ids in texts]
    for path in (model.with_name(model.name + ".gguf"), model):
        ours = engine_logits(arguments, path, texts)
        largest = [float(np.abs(a - b).max()) for a, b in zip(theirs, ours)][:len(sequences)]
        for i, (difference, allowed) in enumerate(zip(largest, tolerances)):
            if not difference <= allowed:
                failures.append("%s: golden sequence %d: logits differ by %.2e, allowed %.2e" % (path.name, i, difference, allowed))
        calm = [d for d, s in zip(largest, sequences) if len(s) == 3]
        agreement = np.concatenate([a.argmax(-1) == b.argmax(-1) for a, b in zip(theirs, ours)]).mean()
        divergence = np.concatenate([kl(a, b) for a, b in zip(theirs, ours)])

        def answers(logits):
            return np.concatenate([
                -log_probabilities(rows[:-1])[np.arange(len(h["ids"]) - 1), h["ids"][1:]][h["answer_start"] - 1:]
                for rows, h in zip(logits[len(sequences):], held_out)])
        their_losses, our_losses = answers(theirs), answers(ours)
        gap = abs(their_losses.mean() - our_losses.mean())
        allowed = 4 * np.sqrt(2 * divergence.mean() / len(their_losses)) + divergence.mean()
        if not gap <= allowed:
            failures.append("%s: log perplexity differs by %.2e, allowed %.2e" % (path.name, gap, allowed))
        print("%-26s largest difference %.3f (allowed %.3f), calm %.1e (allowed %.1e); mean KL %.1e; top-1 %.4f; "
              "held-out perplexity %.4f, theirs %.4f" % (
                  path.name, max(largest), max(tolerances), max(calm), min(tolerances), divergence.mean(), agreement,
                  np.exp(our_losses.mean()), np.exp(their_losses.mean())), flush=True)
    return failures


def judge_directory(arguments, directory):
    folder = arguments.work / directory.name
    directory.write(folder)
    ids = [4093] + np.random.default_rng(2).integers(0, 4000, TOKENS - 1).tolist()
    judge = Judge(folder)
    theirs, ours = judge.logits(ids), engine_logits(arguments, folder, [ids])[0]
    largest = float(np.abs(theirs - ours).max())
    if directory.quantised:
        value = kl(theirs, ours).mean()
        limit = kl(judge.logits_without_rounding(ids), theirs).mean()
        what = "mean KL"
        assert limit > 1e-5, limit  # Else the rounding was not switched off, or never on.
    else:
        value, limit, what = largest, 2**-16 * float(np.abs(theirs).max()), "largest difference"
    print("%-28s %s %.2e (allowed %.2e), logits of standard deviation %.2f differ by %.1e at most, top-1 %.3f"
          % (directory.name, what, value, limit, theirs.std(), largest, top1(theirs, ours)), flush=True)
    return [] if value <= limit else ["%s: %s %.2e, allowed %.2e" % (directory.name, what, value, limit)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine-logits", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("parts", nargs="*")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    chosen = lambda name: not arguments.parts or any(part in name for part in arguments.parts)
    failed = passed = 0
    judgements = [("lighthouse", lambda: judge_trained(arguments))] if chosen("lighthouse") else []
    judgements += [(d.name, lambda d=d: judge_directory(arguments, d)) for d in DIRECTORIES if chosen(d.name)]
    for name, judgement in judgements:
        try:
            failures = judgement()
        except (RuntimeError, ValueError, AssertionError, subprocess.CalledProcessError) as error:
            failures = ["%s: %s" % (name, error)]
        for failure in failures:
            print("  FAILED: " + failure, flush=True)
        failed, passed = failed + bool(failures), passed + (not failures)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not judgements else 0


if __name__ == "__main__":
    sys.exit(main())
