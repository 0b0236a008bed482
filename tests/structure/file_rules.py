#!/usr/bin/env python3
"""Checks the length of source files and their format.

Usage: file_rules.py length|format [ROOT]
`format` needs clang-format; without it the check is skipped (exit status 77) unless BITNET_REQUIRE_ALL=1.
"""
import os
import shutil
import subprocess
import sys

import sources

LONGEST = 450  # Lines: a file small enough to hold in the head.
TABLES = {     # Data in source form, each with its reason.
}
GENERATED = (".pb.h", ".pb.cc")


def too_long(root):
    files = [p for p in sources.sources(root) if not p.endswith(GENERATED) and p not in TABLES]
    found = []
    for path in files:
        with open(os.path.join(root, path), "rb") as file:
            lines = file.read().count(b"\n")
        if lines > LONGEST:
            found.append("%s: %d lines, at most %d" % (path, lines, LONGEST))
    return files, found


def badly_formatted(root, program):
    files = [p for p in sources.sources(root) if not p.endswith(GENERATED) and p not in TABLES]
    result = subprocess.run([program, "--dry-run", "-Werror", "--style=file"] + files, cwd=root,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) if files else None
    found = result.stdout.splitlines() if result and result.returncode else []
    return files, found


def main():
    what = sys.argv[1]
    root = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    if what == "format":
        program = shutil.which("clang-format")
        if not program:
            print("clang-format is not installed: format not checked")
            return 1 if os.environ.get("BITNET_REQUIRE_ALL") == "1" else 77
        files, found = badly_formatted(root, program)
    else:
        files, found = too_long(root)
    print("\n".join(found + ["%d files checked" % len(files)]))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
