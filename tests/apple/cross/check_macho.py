#!/usr/bin/env python3
"""Looks at programs for macOS on Apple Silicon that were linked on another system.

Each must be for arm64 and for macOS 13 or older, link nothing but libSystem and frameworks, be signed at least ad hoc, as these machines
demand, and want no symbol that is not in a list of exports (.tbd, text-based stubs).

  check_macho.py --symbols libSystem.13.tbd --frameworks FOLDER PROGRAM...
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

TARGET = "arm64-macos"
OLDEST = (13, 0)
LIST = re.compile(r"\[([^\]]*)\]")
SYMBOLS = re.compile(r"(?:weak-|thread-local-)?symbols:\s*" + LIST.pattern)


def names(text):
    return [name.strip().strip("'\"") for name in text.split(",")]


def exports(tbd):
    """The symbols that a stub file gives to TARGET."""
    found = set()
    for block in tbd.split("- targets:")[1:]:
        if TARGET in names(LIST.search(block)[1]):
            found.update(symbol for symbols in SYMBOLS.findall(block) for symbol in names(symbols))
    return found


def unwanted(undefined, dylibs, headers, known):
    """What is wrong with a program, by what LLVM's tools print of it."""
    minimum = re.search(r"minos (\d+)\.(\d+)", headers)
    if "platform macos" not in headers.lower():
        yield "is not for macOS"
    if minimum is None or tuple(map(int, minimum.groups())) > OLDEST:
        yield "wants macOS %s, not %d.%d" % (".".join(minimum.groups()) if minimum else "?", *OLDEST)
    if "ARM64" not in headers:
        yield "is not for arm64"
    if "LC_CODE_SIGNATURE" not in headers:
        yield "is not signed"
    for dylib in dylibs:
        if dylib != "/usr/lib/libSystem.B.dylib" and not dylib.startswith("/System/Library/Frameworks/"):
            yield "links " + dylib
    for symbol in sorted(set(undefined) - known):
        yield "wants %s, which macOS %d has not" % (symbol, OLDEST[0])


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", required=True, type=pathlib.Path)
    parser.add_argument("--frameworks", required=True, type=pathlib.Path)
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    for tool in ("llvm-nm", "llvm-objdump"):
        if shutil.which(tool) is None:
            sys.exit("%s is missing (package llvm)" % tool)
    stubs = [options.symbols, *options.frameworks.glob("*.framework/*.tbd")]
    known = set().union(*(exports(stub.read_text()) for stub in stubs))
    found = 0
    for program in options.programs:
        undefined = run("llvm-nm", "--undefined-only", "--just-symbol-name", program).split()
        dylibs = [line.split(" (")[0].strip() for line in run("llvm-objdump", "--macho", "--dylibs-used", program).splitlines()[1:]]
        headers = run("llvm-objdump", "--macho", "--private-headers", program)
        problems = list(unwanted(undefined, dylibs, headers, known))
        print("%s: %d symbols of %s; %s" % (pathlib.Path(program).name, len(undefined), ", ".join(dylibs), "; ".join(problems) or "all of macOS 13"))
        found += len(problems)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
