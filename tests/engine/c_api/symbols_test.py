#!/usr/bin/env python3
"""Checks what the archive asks of the system: an app on iOS may start no process and load no code, and a library has no
business with sockets.

Usage: symbols_test.py ARCHIVE
"""
import re
import subprocess
import sys

UNWANTED = re.compile(
    r"_?(fork|vfork|exec[lv]\w*|fexecve|posix_spawn\w*|system|popen|dlopen|dlsym|dlmopen|socket|socketpair|connect|bind|"
    r"listen|accept4?|exit|_exit|abort|signal|sigaction|printf|puts|fprintf|vfprintf)")
# Ours, but of the programs and of the server, and of logging.
FOREIGN = re.compile(r"spdlog|grpc|protobuf|CLI::|boost::")


def main():
    lines = subprocess.run(["nm", "-C", sys.argv[1]], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    found, undefined, member = [], 0, ""
    for line in lines:
        if line.endswith(":"):
            member = line[:-1]
        match = re.match(r"\s*[0-9a-f]*\s+(\w)\s+(.*)", line)
        if not match:
            continue
        kind, name = match.groups()
        undefined += kind == "U"
        if (kind == "U" and UNWANTED.fullmatch(name.split("@")[0])) or FOREIGN.search(name):
            found.append("%s: %s" % (member, name))
    print("\n".join(found + ["%d undefined symbols looked at" % undefined]))
    return 1 if found or undefined < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
