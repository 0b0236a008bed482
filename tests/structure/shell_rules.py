#!/usr/bin/env python3
"""Has shellcheck judge every script of the tree, known by its first line.

Usage: shell_rules.py [ROOT]
Without shellcheck the check is skipped (exit status 77) unless BITNET_REQUIRE_ALL=1.
"""
import os
import re
import shutil
import subprocess
import sys

import sources

FIRST_LINE = re.compile(rb"#!.*[/ ](ba|da)?sh\b|# shellcheck shell=")


def is_script(path):
    with open(path, "rb") as file:
        return FIRST_LINE.match(file.readline(200)) is not None


def scripts(root):
    return [path for path in sources.sources(root, endings=("",)) if is_script(os.path.join(root, path))]


def unknown_scripts(root):
    """Files named like scripts whose first line does not say which shell they are for, so that shellcheck would not see them."""
    return [path for path in sources.sources(root, endings=(".sh",)) if not is_script(os.path.join(root, path))]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    program = shutil.which("shellcheck")
    if not program:
        print("shellcheck is not installed: scripts not checked")
        return 1 if os.environ.get("BITNET_REQUIRE_ALL") == "1" else 77
    files = scripts(root)
    unknown = unknown_scripts(root)
    for path in unknown:
        print("%s: the first line names no shell" % path)
    done = subprocess.run([program, "--external-sources"] + files, cwd=root, check=False) if files else None
    print("%d scripts checked" % len(files))
    return 1 if unknown or done is None or done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
