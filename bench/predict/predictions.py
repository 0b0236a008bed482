#!/usr/bin/env python3
"""Puts into a Markdown file what its commands print.

A command is an indented line that begins with "build/release/bin/bitnet-bench "; the table that follows it, if any, is
replaced by the output. Usage: predictions.py [--check] BITNET_BENCH [FILE], where FILE is bench/predictions.md. With
--check nothing is written, and the exit status is 1 if the file says something else.
"""
import argparse
import pathlib
import shlex
import subprocess
import sys

PREFIX = "    build/release/bin/bitnet-bench "


def renewed(text, run):
    """The text with the table behind each command replaced by what run(arguments) prints."""
    lines = text.splitlines()
    out = []
    at = 0
    while at < len(lines):
        line = lines[at]
        out.append(line)
        at += 1
        if not line.startswith(PREFIX):
            continue
        while at < len(lines) and (not lines[at] or lines[at].startswith("|")):
            at += 1
        out += ["", *run(shlex.split(line.removeprefix(PREFIX))).strip().splitlines()]
        if at < len(lines):
            out.append("")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("bench", help="the program")
    parser.add_argument("file", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent / "predictions.md")
    options = parser.parse_args()

    def run(arguments):
        return subprocess.run(options.bench.split("|") + arguments, check=True, capture_output=True, text=True).stdout

    text = options.file.read_text()
    new = renewed(text, run)
    if not options.check:
        options.file.write_text(new)
    elif new != text:
        sys.exit(f"{options.file} is not what its commands print; bench/predict/predictions.py PROGRAM renews it")


if __name__ == "__main__":
    main()
