#!/usr/bin/env python3
"""Measures bitnet-front with one worker, by bitnet-bench's calls.

Usage: serve_ours.py PROGRAMS MODEL THREADS

PROGRAMS is the folder of bitnet-front, bitnet-worker and bitnet-bench. Prints bitnet-bench's record.
"""
import pathlib
import subprocess
import sys

import work

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "front"))

from processes import Front  # noqa: E402


def main():
    programs, model, threads = pathlib.Path(sys.argv[1]), *sys.argv[2:]
    with Front(programs, model, "--threads", threads, worker="bitnet-worker") as front:
        return subprocess.run([
            programs / "bitnet-bench", "serve", "--address", front.address, "--format", "json", "--concurrent",
            str(work.SEQUENCES), "--requests", str(work.CALLS), "--prompt-tokens", str(work.PROMPT), "--max-tokens",
            str(work.ANSWER)]).returncode


if __name__ == "__main__":
    sys.exit(main())
