#!/usr/bin/env python3
"""Compares the engine's logits with llama.cpp's. Called by run.sh.

Usage: judge.py --engine-logits PROGRAM --libraries FOLDER --work FOLDER [--smollm2 FILE] [random|trained|CASE-NAME-PART...]

The tolerance. The programs round the inputs of each product differently: llama.cpp to int8 with a scale per 256 or 32
elements (float16 for F16 weights), the engine to int8 with a scale per token (BitNet's way) or per group of weights. So they
cannot agree to the last digit, and how far they may be apart depends on the model. reference.py computes the model in
double precision three times: exactly, with llama.cpp's rounding, and with the engine's. Then

  a  = KL(exact | llama.cpp's rounding), what llama.cpp's rounding does to the model, and
  b  = KL(exact | the engine's rounding)

are figures of the model alone. For small differences KL is half the variance of the logits' differences, so its square root
adds up like a distance, and the programs are at most (sqrt(a) + sqrt(b))^2 apart, on average over a text; when the
roundings are independent, a + b. Two things blur this. Single precision turns a rounding here and there, and what
it turns is a whole step (tests/golden/make_golden.py), which makes part of the roundings new ones of the same size.
And a mean over some 200 positions of a quantity that varies as KL does (a sum of few squares, its standard deviation
about its mean) is good to 10 %. So the mean may reach 1.25 (sqrt(a) + sqrt(b))^2. A single position may
reach four times the largest (sqrt(a) + sqrt(b))^2 of any position.

Three more comparisons are tighter, since they leave one program's rounding out:
 - llama.cpp against the reference with llama.cpp's rounding: checks the ruler. Where no rounding turns, as in most
   cases with one scale per 256 weights, nothing but single precision is left, below 1e-8. If all turned, 2 a would be
   left: two independent roundings. Three random layers must stay below a; thirty trained ones below 2 a.
 - The engine against the reference with the engine's rounding: likewise below b and 2 b; but matrices of more than two bits a
   weight, such as Q8_0, are held in float16 whose 11 bits round some of their values. That is the same relative error as
   rounding the inputs to float16, which gives KL h, see below, so 2 h more.
 - The engine with float activations against the exact reference: all that is left is single precision, and keys and
   values in the engine's cache format. Were every input of a product rounded to float16, that would give KL
   h = KL(exact | float16 inputs); the engine must stay below 2 h + 1e-6.

Perplexity: the difference of the two programs' mean log probability of a text of n tokens is a mean of n differences whose
variance is about twice the KL divergence, so it may be KL + 4 sqrt(2 KL / n), with the KL allowed above.
Greedy text: llama.cpp's continuation of each prompt is given to the engine, which must choose the same token
wherever llama.cpp's lead over its second choice is above twice the largest difference of any logit between the reference's two
roundings, or, where these are the same in double precision and single precision turns them apart, between llama.cpp's and none.
If that holds for all steps then the engine writes the same text.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

import numpy as np  # noqa: E402

import cases  # noqa: E402
import reference  # noqa: E402
from figures import kl, log_perplexity, margins, top1  # noqa: E402
from llama import LlamaCpp, Model  # noqa: E402
from reference import Reference  # noqa: E402

TEXT = """The keeper of the lighthouse climbed the stairs every evening at dusk. He lit the lamp, wound the clock that
turned the lens, and sat down at the window to write in his book: the wind, the height of the sea, the ships that passed.
In forty years he had missed a single night, and of that night he never spoke. What is a lighthouse, asked the child who
came with the supply boat in spring. It is a house for a light, he said, and a light is a word for those who cannot hear."""
PROMPTS = ["What is a river?", "The sea was calm and", "Tell me what a ship is.", "In the morning"]
CONTINUATION = 20
SINGLE_PRECISION = 1e-6


class Sequences:
    """Token ids that both programs get: a text, random ids, and prompts with llama.cpp's greedy continuations."""

    def __init__(self, model, judge, case):
        rng = np.random.default_rng(11)
        text = judge.tokenise(TEXT)[:case.text_tokens]
        prompts = [judge.tokenise(prompt) for prompt in PROMPTS]
        self.judged = [text] + ([] if case.trained or case.text_tokens < 64 else [rng.integers(0, model.vocab_size, 64).tolist()])
        self.prompt_sizes = [len(prompt) for prompt in prompts]
        self.greedy = [prompt + judge.greedy(prompt, CONTINUATION) for prompt in prompts]
        self.all = self.judged + self.greedy


def engine_logits(program, model_path, sequences, vocab_size, work, *options):
    ids, output = work / "ids.txt", work / "logits.bin"
    ids.write_text("".join(" ".join(map(str, s)) + "\n" for s in sequences))
    subprocess.run([program, "--model", model_path, "--ids", ids, "--output", output, "--threads", "1",
                    *options], check=True, stdout=subprocess.DEVNULL)
    rows = np.fromfile(output, np.float32).reshape(-1, vocab_size)
    assert len(rows) == sum(map(len, sequences)), rows.shape
    return np.split(rows, np.cumsum([len(s) for s in sequences])[:-1])


def engine_rounding(model):
    """What the engine does without being told otherwise: a scale per token in BitNet's families where a matrix has one scale
    (the random models' ternary matrices do), a scale per group of weights elsewhere."""
    bitnet = model.shape.architecture == "bitnet"
    return lambda x, kind: (reference.int8_per_token if bitnet and kind.startswith("TQ") else reference.int8_per_group)(x, kind)


def half(x, kind):
    return x.astype(np.float16).astype(np.float64)


class Comparison:
    """All figures of one case; `failures` says what is out of bounds."""

    def __init__(self, case, arguments, llama):
        self.failures = []
        self.figures = {"case": case.name}
        model = case.make(llama)
        path = arguments.work / (case.name + ".gguf")
        model.write(path)
        judge = Model(llama, path)
        try:
            sequences = Sequences(model, judge, case)
            theirs = [judge.logits(ids) for ids in sequences.all]
        finally:
            judge.close()
        run = lambda *options: engine_logits(arguments.engine_logits, path, sequences.all, model.vocab_size,
                                             arguments.work, *options)
        ours, ours_float = run(), run("--activations", "f32")
        path.unlink()

        simulate = lambda rounding: np.concatenate([Reference(model, rounding).logits(s) for s in sequences.judged])
        exact, simulated_theirs = simulate(reference.exact), simulate(reference.llama_cpp)
        simulated_ours = simulate(engine_rounding(model))
        count = len(sequences.judged)
        their_rows, our_rows, float_rows = (np.concatenate(x[:count]) for x in (theirs, ours, ours_float))

        a, b = kl(exact, simulated_theirs), kl(exact, simulated_ours)
        allowed = (np.sqrt(a) + np.sqrt(b)) ** 2
        self._bound("ruler", kl(simulated_theirs, their_rows).mean(), (2 if case.trained else 1) * a.mean() + SINGLE_PRECISION)
        halves = 2 * kl(exact, simulate(half)).mean() + SINGLE_PRECISION
        self._bound("engine against its own rounding", kl(simulated_ours, our_rows).mean(),
                    (2 if case.trained else 1) * b.mean() + halves)
        self._bound("float activations against exact", kl(exact, float_rows).mean(), halves)
        apart = kl(their_rows, our_rows)
        allowed_mean = 1.25 * allowed.mean() + SINGLE_PRECISION
        self._bound("mean KL", apart.mean(), allowed_mean)
        self._bound("largest KL", apart.max(), 4 * allowed.max() + SINGLE_PRECISION)
        self._note("mean KL, float activations", kl(their_rows, float_rows).mean())
        self._note("top-1 agreement", top1(their_rows, our_rows))
        self._note("top-1 agreement, float activations", top1(their_rows, float_rows))

        text = sequences.judged[0]
        their_log, our_log = log_perplexity(theirs[0], text), log_perplexity(ours[0], text)
        self._note("perplexity, llama.cpp", np.exp(their_log))
        self._note("perplexity, engine", np.exp(our_log))
        self._bound("difference of log perplexity", abs(our_log - their_log),
                    allowed_mean + 4 * np.sqrt(2 * allowed_mean / (len(text) - 1)))
        self._greedy(sequences, theirs[count:], ours[count:],
                     2 * max(np.abs(simulated_ours - simulated_theirs).max(), np.abs(simulated_theirs - exact).max()))

    def _greedy(self, sequences, theirs, ours, certain_margin):
        steps = certain = equal = texts = 0
        for size, ids, their, our in zip(sequences.prompt_sizes, sequences.greedy, theirs, ours):
            choices = np.array(ids[size:])
            _, lead = margins(their[size - 1:-1])
            same = our[size - 1:-1].argmax(-1) == choices
            steps, equal, texts = steps + len(choices), equal + same.sum(), texts + same.all()
            certain += (lead > certain_margin).sum()
            if not same[lead > certain_margin].all():
                self.failures.append("another greedy choice where llama.cpp leads by %.3f > %.3f"
                                     % (lead[(lead > certain_margin) & ~same].max(), certain_margin))
        self._note("greedy steps", steps)
        self._note("of them certain", int(certain))
        self._note("equal", int(equal))
        self._note("whole texts equal", "%d of %d" % (texts, len(ours)))

    def _note(self, name, value):
        self.figures[name] = value if isinstance(value, (int, str)) else float("%.4g" % value)

    def _bound(self, name, value, limit):
        self._note(name, value)
        self._note(name + ", allowed", limit)
        if not value <= limit:
            self.failures.append("%s is %.2e, allowed %.2e" % (name, value, limit))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine-logits", required=True)
    parser.add_argument("--libraries", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--smollm2")
    parser.add_argument("parts", nargs="*", help="random, trained, or parts of names of cases; all by default")
    arguments = parser.parse_args()
    arguments.work /= "-".join(arguments.parts) or "all"  # Several may run at once.
    arguments.work.mkdir(parents=True, exist_ok=True)
    llama = LlamaCpp(arguments.libraries)
    chosen = list(cases.random_cases()) + (list(cases.trained_cases(arguments.smollm2)) if arguments.smollm2 else [])
    kind = lambda case: "trained" if case.trained else "random"
    chosen = [c for c in chosen if not arguments.parts
              or any(part == kind(c) or part in c.name for part in arguments.parts)]
    results, failed = [], 0
    print("%-44s %9s %9s %9s %8s %6s %9s %9s %s" % ("model", "mean KL", "allowed", "max KL", "f32 KL", "top-1",
                                                   "ppl them", "ppl us", "greedy equal/certain/steps, texts"))
    for case in chosen:
        start = time.monotonic()
        try:
            comparison = Comparison(case, arguments, llama)
        except (ValueError, AssertionError, subprocess.CalledProcessError) as error:
            print("%-44s FAILED: %s" % (case.name, error), flush=True)
            failed += 1
            continue
        f = comparison.figures
        print("%-44s %9.2e %9.2e %9.2e %8.1e %6.3f %9.2f %9.2f %d/%d/%d, %s  (%.0f s)" % (
            case.name, f["mean KL"], f["mean KL, allowed"], f["largest KL"], f["mean KL, float activations"],
            f["top-1 agreement"], f["perplexity, llama.cpp"], f["perplexity, engine"], f["equal"], f["of them certain"],
            f["greedy steps"], f["whole texts equal"], time.monotonic() - start), flush=True)
        for failure in comparison.failures:
            print("  FAILED: " + failure, flush=True)
        failed += bool(comparison.failures)
        results.append({**f, "failures": comparison.failures})
    (arguments.work / "figures.json").write_text(json.dumps(results, indent=1))
    print("%d passed, %d failed" % (len(chosen) - failed, failed))
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
