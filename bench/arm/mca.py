#!/usr/bin/env python3
"""Cycles per weight of the NEON kernels' inner loops, as llvm-mca models them. Needs no ARM machine.

Usage: mca.py [--compiler CXX] [--options OPTIONS] [--mca LLVM-MCA] [--cpus LIST] [--file SOURCE --loop FUNCTION:INSTRUCTION:WEIGHTS ...]

Compiles each kernel to assembly, takes the innermost loop of the function that is densest in the instruction that
does the work, and prints a Markdown table. A row's work is counted by that instruction: an SDOT multiplies 16 weights, an
SMMLA 32 weights and columns, a CNT counts 128 bits. So whatever a compiler unrolls, cycles are per weight and column.

--file and --loop measure another program's source, e.g. a copy of a peer's loop: FUNCTION is a regular expression of the
mangled name.
"""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DOT, I8MM = "armv8.2-a+dotprod", "armv8.2-a+dotprod+i8mm"

# What, file below kernels/, architecture, function, the instruction that does the work, weights x columns it stands for.
LOOPS = [
    ("ternary_gemm, 1 column", "ternary_gemm/arm_neondot.cc", DOT, "OneColumn", "sdot", 16),
    ("ternary_gemm, 8 columns", "ternary_gemm/arm_neondot.cc", DOT, "HalfTileILi8E|ColumnsILi8E", "sdot", 16),
    # Two sums of every product: see the file.
    ("row_gemv", "row_gemv/arm_neondot.cc", DOT, "CodesTimes|RowGemv", "sdot", 16),
    ("column_gemv", "column_gemv/arm_neondot.cc", DOT, "AddHalf|ColumnGemv", "sdot", 16),
    ("base3_gemm, 1 column", "base3_gemm/arm_neondot.cc", DOT, "OneColumn", "sdot", 8),
    ("base3_gemm, 8 columns", "base3_gemm/arm_neondot.cc", DOT, "HalfTileILi8E|ColumnsILi8E", "sdot", 16),
    ("grouped_gemm, 2 bits, 1 column", "grouped_gemm/arm_neondot.cc", DOT, "QuadsILi2ELi4ELi1E|ColumnsILi2ELi1E", "sdot", 16),
    ("grouped_gemm, 1 bit, 1 column", "grouped_gemm/arm_neondot.cc", DOT, "QuadsILi1ELi4ELi1E|ColumnsILi1ELi1E", "sdot", 16),
    ("int6_gemm, 1 column", "int6_gemm/arm_neondot.cc", DOT, "ColumnsILi1E", "sdot", 16),
    ("int6_gemm, 4 columns", "int6_gemm/arm_neondot.cc", DOT, "ColumnsILi4E", "sdot", 16),
    ("sign_gemm, bits", "sign_gemm/arm_neondot.cc", DOT, "BitColumnsILb0ELi1E|BitGemmILb0E|SignBinaryGemm", "cnt", 128),
    ("sign_gemm, trits", "sign_gemm/arm_neondot.cc", DOT, "BitColumnsILb1ELi1E|BitGemmILb1E|SignTernaryGemm", "cnt", 128),
    ("panel_gemm, arm_neondot, 8 columns", "panel_gemm/arm_neondot.cc", DOT, "HalfTileILi8E|ColumnsILi8E", "sdot", 16),
    ("panel_gemm, arm_neoni8mm, 4 columns", "panel_gemm/arm_neoni8mm.cc", I8MM, "ColumnPairsILi2E", "smmla", 32),
]

LABEL = re.compile(r"^(\.?[\w$.]+):")
BRANCH = re.compile(r"^\s+(?:b|b\.?[a-z]{2}|cbn?z|tbn?z)\s+(?:.*,\s*)?(\.L\w+)\s*$")  # GCC leaves the dot out.
INSTRUCTION = re.compile(r"^\s+[a-z]")


def assembly(compiler, options, source, architecture):
    command = [compiler, *options, "-O2", "-std=c++20", "-ffp-contract=off", "-march=" + architecture, "-I", ROOT, "-S", "-o", "-", source]
    if "clang" in os.path.basename(compiler):
        command.insert(1, "--target=aarch64-linux-gnu")
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()


def functions(lines):
    """The lines of each function by its mangled name."""
    found, name = {}, None
    for line in lines:
        label = LABEL.match(line)
        if label and not label.group(1).startswith(".L"):
            name = label.group(1)
            found[name] = []
        elif name:
            found[name].append(line.split("//")[0].rstrip())
    return found


def innermost_loops(lines):
    """The bodies of loops that hold no other loop: from a label to a branch back to it."""
    at = {label.group(1): i for i, line in enumerate(lines) if (label := LABEL.match(line))}
    spans = []
    for end, line in enumerate(lines):
        branch = BRANCH.match(line)
        if branch and at.get(branch.group(1), end) < end:
            spans.append((at[branch.group(1)], end))
    inner = [s for s in spans if not any(t != s and s[0] <= t[0] and t[1] <= s[1] for t in spans)]
    return [[l for l in lines[b:e + 1] if INSTRUCTION.match(l) and not l.strip().startswith(".")] for b, e in inner]


def hot_loop(lines, function, instruction):
    """The loop densest in `instruction` of all functions whose name matches."""
    work = re.compile(r"^\s+%s\s" % instruction)
    loops = [loop for name, body in functions(lines).items() if re.search(function, name) for loop in innermost_loops(body)]
    count = lambda loop: sum(1 for line in loop if work.match(line))
    loop = max(loops, key=lambda loop: count(loop) / len(loop), default=[])
    if not loop or not count(loop):
        sys.exit("mca.py: no loop with %s in %s" % (instruction, function))
    return loop, count(loop)


def cycles(mca, loops, cpu):
    """Cycles of one turn of each loop, once it runs."""
    turns = 200
    text = ""
    for i, loop in enumerate(loops):
        # A branch's label is elsewhere, and mca does not predict it either.
        body = "\n".join(line for line in loop if not BRANCH.match(line))
        text += "# LLVM-MCA-BEGIN %d\n%s\n# LLVM-MCA-END %d\n" % (i, body, i)
    command = [mca, "-mtriple=aarch64", "-mcpu=" + cpu, "-mattr=+dotprod,+i8mm,+fullfp16", "-iterations=%d" % turns,
               "-resource-pressure=0", "-instruction-info=0"]
    report = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True).stdout
    return [int(total) / turns for total in re.findall(r"Total Cycles:\s+(\d+)", report)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="clang++-19")
    parser.add_argument("--options", default="", help="more for the compiler")
    parser.add_argument("--mca", default="llvm-mca-19")
    parser.add_argument("--cpus", default="neoverse-n1,neoverse-v1,neoverse-v2,apple-m1")
    parser.add_argument("--file")
    parser.add_argument("--loop", action="append", default=[])
    flags = parser.parse_args()
    loops = LOOPS
    if flags.file:
        loops = [(l, flags.file, I8MM, *l.rsplit(":", 2)) for l in flags.loop]
    cpus = flags.cpus.split(",")
    print("| loop | instructions | " + " | ".join(cpus) + " |")
    print("|---|--:|" + "--:|" * len(cpus))
    texts, found, work = {}, [], []
    for _, source, architecture, function, instruction, products in loops:
        if source not in texts:
            texts[source] = assembly(flags.compiler, flags.options.split(), os.path.join(ROOT, "kernels", source), architecture)
        loop, count = hot_loop(texts[source], function, instruction)
        found.append(loop)
        work.append(count * int(products))
    columns = [[len(loop) for loop in found]] + [cycles(flags.mca, found, cpu) for cpu in cpus]
    for i, loop in enumerate(loops):
        print("| %s | " % loop[0] + " | ".join("%.4f" % (column[i] / work[i]) for column in columns) + " |")


if __name__ == "__main__":
    main()
