"""bitnet-bench: how it is asked, and how its answer is read."""
import json
import subprocess

import work


def arguments(benchmark, threads, model, has_json):
    """One counted run, which bitnet-bench lets another go before."""
    command = "decode" if benchmark == "batch" and not has_json else benchmark
    result = [command, "--model", model, "--threads", str(threads), "--repetitions", "1"]
    if benchmark == "prefill":
        result += ["--prompt-tokens", str(work.PREFILL)]
    else:
        result += ["--prompt-tokens", str(work.PROMPT), "--generate", str(work.GENERATE)]
    if benchmark == "batch":
        result += ["--sequences", str(work.SEQUENCES)]
    return result + (["--format", "json"] if has_json else [])


def writes_json(program):
    """Whether this bitnet-bench has --format; older ones print only a table, and measure a batch as `decode`."""
    answer = subprocess.run([program, "decode", "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "--format" in answer.stdout


def tokens_per_second(output):
    """Of the only row of a JSON array or a table."""
    if output.lstrip().startswith("["):
        row, = json.loads(output)
        return float(row["tokens_per_second"])
    head, _, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
                      for line in output.splitlines() if line.startswith("|")]
    row, = rows
    return float(next(cell for name, cell in zip(head, row) if name.startswith("tokens/s")))
