"""The programs that take turns. Each gives a command that measures one thing once, and reads what that prints."""
import json
import os
import pathlib
import sys

import ours
import work

HERE = pathlib.Path(__file__).resolve().parent


class Missing(Exception):
    """Why a program cannot take part, and what would help."""


def program(path, flag):
    if not os.access(path, os.X_OK) or os.path.isdir(path):
        raise Missing("%s is not a program (%s)" % (path, flag))
    return os.path.abspath(path)


def model(path, flag):
    if not os.path.isfile(path):
        raise Missing("no model file %s (%s)" % (path, flag))
    return os.path.abspath(path)


class Ours:
    name = "bitnet"
    benchmarks = (*work.COMPUTE, work.SERVE)

    def __init__(self, bench, model_file):
        self.bench, self.model = bench, model_file
        self.has_json = ours.writes_json(bench)

    def command(self, benchmark, threads):
        if benchmark == work.SERVE:
            program(os.path.join(os.path.dirname(self.bench), "bitnet-front"), "beside bitnet-bench")
            return python_driver(sys.executable, "serve_ours.py", os.path.dirname(self.bench), self.model, str(threads))
        return [self.bench] + ours.arguments(benchmark, threads, self.model, self.has_json)

    def tokens_per_second(self, benchmark, output):
        return ours.tokens_per_second(output)


class LlamaBench:
    """llama-bench of llama.cpp or of a fork, and llama-batched-bench beside it."""
    benchmarks = work.COMPUTE

    def __init__(self, name, bench, model_file, more=()):
        self.name, self.bench, self.model, self.more = name, bench, model_file, list(more)

    def command(self, benchmark, threads):
        if benchmark == "batch":
            together = os.path.join(os.path.dirname(self.bench), "llama-batched-bench")
            tokens = work.SEQUENCES * (work.PROMPT + work.GENERATE)
            return [program(together, "beside llama-bench"), "-m", self.model, "-t", str(threads), "-tb", str(threads),
                    "-c", str(tokens + 256 - tokens % 256), "-npp", str(work.PROMPT), "-ntg", str(work.GENERATE),
                    "-npl", str(work.SEQUENCES)]
        prompt, generate = (work.PREFILL, 0) if benchmark == "prefill" else (0, work.GENERATE)
        return [self.bench, "-m", self.model, "-t", str(threads), "-p", str(prompt), "-n", str(generate), "-r", "1",
                "-o", "json"] + self.more

    def tokens_per_second(self, benchmark, output):
        if benchmark == "batch":  # | PP | TG | B | N_KV | T_PP s | S_PP t/s | T_TG s | S_TG t/s | T s | S t/s |
            rows = [line.strip().strip("|").split("|") for line in output.splitlines() if line.startswith("|")]
            return float(next(row[7] for row in rows if row[0].strip().isdigit()))
        row, = json.loads(output)
        return float(row["avg_ts"])


class Driver:
    """A small program in this folder, that measures through the interface of a package."""
    benchmarks = work.COMPUTE

    def __init__(self, name, start, model_file):
        self.name, self.start, self.model = name, start, model_file

    def command(self, benchmark, threads):
        return self.start + [self.model, benchmark, str(threads)]

    def tokens_per_second(self, benchmark, output):
        return float(json.loads(output)["tokens_per_second"])


def python_driver(python, script, *first):
    return [str(python), "-B", str(HERE / script), *first]


class NodeDriver(Driver):
    def __init__(self, node_modules, model_file):
        super().__init__("node-llama-cpp", ["node", str(HERE / "node_llama.mjs"), str(node_modules)], model_file)

    def command(self, benchmark, threads):
        return super().command(benchmark, threads) + [
            str(n) for n in (work.PROMPT, work.GENERATE, work.PREFILL, work.SEQUENCES)]


class LlamaServer(Driver):
    """llama.cpp's server, over HTTP; bitnet is measured over gRPC."""
    benchmarks = (work.SERVE,)

    def __init__(self, server, model_file):
        super().__init__("llama-server", python_driver(sys.executable, "serve_llama.py", server), model_file)

    def command(self, benchmark, threads):
        return self.start + [self.model, str(threads)]
