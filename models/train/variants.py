"""Prints the table people choose a variant by: what each one costs and how well it does, as the engine runs it.

Reads, for each variant v, the folder ROOT/v that train.py --work wrote and a model exported from it; writes results.json there
by way of evaluate.py where it is missing. Speed is measured in turns, one variant after the other, so that what else the
machine does meets all of them; peak resident memory is that of one `bitnet-infer` generating 400 tokens with one thread.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

from export import NAMES
from model import VARIANTS

HERE = Path(__file__).parent
HELD_OUT = HERE.parent / "heldout.jsonl"
WEIGHTS = {"w1.58a8": "ternary"}
ACTIVATIONS = {"int8": "int8", "binary": "1-bit", "ternary": "ternary", "bf16": "BF16"}


def number(pattern, text):
    return float(re.search(pattern, text).group(1))


def output(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def peak_mib(*command):
    """Peak resident memory of one run, read while it runs: what wait4() says begins with this process's own."""
    child = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    program, peak = Path(command[0]).resolve(), 0
    while child.poll() is None:
        try:
            text = Path(f"/proc/{child.pid}/status").read_text()
            if Path(f"/proc/{child.pid}/exe").resolve() == program and "VmHWM" in text:
                peak = int(number(r"VmHWM:\s+(\d+)", text))
        except (FileNotFoundError, ProcessLookupError):
            pass  # It ended in between.
    if child.returncode != 0 or peak == 0:
        raise subprocess.CalledProcessError(child.returncode, command)
    return peak / 1024


def model_path(root, variant):
    """The exported model of the run in ROOT/variant, made now if it is older than the checkpoint."""
    folder = root / variant
    path = folder / f"{NAMES[variant]}.gguf"
    if not path.exists() or path.stat().st_mtime < (folder / "last.pt").stat().st_mtime:
        output(sys.executable, HERE / "export.py", "--variant", variant, "--work", folder, "--out", folder)
    return path


def evaluation(root, variant, path):
    results = root / variant / "results.json"
    if not results.exists() or results.stat().st_mtime < path.stat().st_mtime:
        output(sys.executable, HERE / "evaluate.py", "--model", path, "--work", root / variant)
    return json.loads(results.read_text())


def torch_perplexity(root, variant):
    text = output(sys.executable, HERE / "perplexity.py", "--variant", variant, "--work", root / variant, HELD_OUT)
    return number(r"perplexity (\S+)", text)


def tokens_per_second(bench, path, phase):
    record, = json.loads(output(bench, phase, "--model", path, "--threads", 1, "--repetitions", 1, "--format", "json"))
    return record["tokens_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", type=Path, help="the folder of the variants' folders")
    parser.add_argument("--bin", type=Path, help="the folder of bitnet-infer and bitnet-bench; without: PyTorch and numpy alone")
    parser.add_argument("--rounds", type=int, default=9, help="of measuring speed, each variant once")
    args = parser.parse_args()
    paths = {v: model_path(args.root, v) for v in VARIANTS}
    rates = {(v, phase): [] for v in VARIANTS for phase in ("decode", "prefill")}
    for _ in range(args.rounds if args.bin else 0):
        for v, phase in rates:
            rates[v, phase].append(tokens_per_second(args.bin / "bitnet-bench", paths[v], phase))
    head = ["variant", "weights", "activations", "held-out perplexity", "in PyTorch", "in numpy", "taught words, perplexity",
            "right", "taught facts, right", "file, MB", "resident memory, MiB", "decode, tokens/s", "prefill, tokens/s"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for v, path in paths.items():
        r = evaluation(args.root, v, path)
        words, facts = r["words_first_phrasing"], r["facts_first_phrasing"]
        perplexity = memory = decode = prefill = "-"
        if args.bin:
            infer = args.bin / "bitnet-infer"
            text = output(infer, "--model", path, "--perplexity", HELD_OUT)
            perplexity = "%.2f" % number(r"perplexity (\S+)", text)
            memory = "%.1f" % peak_mib(infer, "--model", path, "--threads", 1, "--ignore-eos", "--n-predict", 400,
                                       "--prompt", "What is a lighthouse?")
            decode, prefill = ("%.0f" % statistics.median(rates[v, phase]) for phase in ("decode", "prefill"))
        cells = [v, WEIGHTS.get(v, "1-bit"), ACTIVATIONS[VARIANTS[v]], perplexity, "%.2f" % torch_perplexity(args.root, v),
                 "%.2f" % r["words_never_trained"]["perplexity"], "%.3f" % words["perplexity"],
                 "%.1f %%" % (100 * words["fraction_right"]), "%.1f %%" % (100 * facts["fraction_right"]),
                 "%.2f" % (path.stat().st_size / 1e6), memory, decode, prefill]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
