#!/usr/bin/env python3
"""Checks what every object of an archive asks of the system: an app on iOS may start no process and load no code, and a
library has no business with sockets, the terminal, signals and the end of the process.

Usage: symbol_rules.py ARCHIVE
"""
import collections
import re
import subprocess
import sys

# As C names them, but for C++'s streams.
UNWANTED = {
    "starts processes": r"fork|vfork|clone3?|exec[lv]\w*|fexecve|posix_spawn\w*|system|popen",
    "loads code": r"dlopen|dlmopen|dlsym|dlvsym",
    "opens sockets": r"socket|socketpair|connect|bind|listen|accept4?|getaddrinfo|send(to|msg)?|recv(from|msg)?",
    "prints": r"v?[fd]?printf|f?puts|f?putc|putchar|fwrite|perror|v?syslog|stdoutp?|stderrp?|std::(\w+::)?w?(cout|cerr|clog)",
    "ends the process": r"exit|Exit|quick_exit|abort|raise|kill",
    "handles signals": r"signal|sigaction",
}
# C libraries have more names for one function: _exit, __printf_chk, fork@GLIBC_2.2.5; Apple's begin with a line.
DECORATED = r"_*(%s)(_chk)?(@.*)?"
# Ours, but of the programs and of the server, and of logging.
FOREIGN = re.compile(r"spdlog|grpc|protobuf|CLI::|boost::")
# On a Mac it opens Apple's Metal; there it is not part of what goes to iOS.
ALLOWED = {("objc_runtime_apple.cc.o", "loads code")}


def lines(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def objects(archive):
    """The objects in which nm finds anything: (name, [(kind, symbol), ...]) each. Several may have the same name."""
    found = []
    for line in lines("nm", "-C", archive):
        begins = re.fullmatch(r"(?:.*\()?([^()]+?)\)?:", line)
        symbol = re.fullmatch(r"\s*[0-9a-f]*\s+(\w)\s+(.*)", line)
        if begins:
            found.append((begins.group(1), []))
        elif symbol:
            found[-1][1].append(symbol.groups())
    return [(member, symbols) for member, symbols in found if symbols]


def unread(archive, members):
    """Names of objects that are in the archive, but not among `members`."""
    there = collections.Counter(name for name in lines("ar", "t", archive) if not name.startswith("__.SYMDEF"))
    return sorted((there - collections.Counter(members)).elements())


def complaints_about(member, kind, name):
    if FOREIGN.search(name):
        yield "%s: %s is of another part" % (member, name)
    if kind in "Uwv":
        for what, names in UNWANTED.items():
            if re.fullmatch(DECORATED % names, name) and (member, what) not in ALLOWED:
                yield "%s: %s %s" % (member, name, what)


def main():
    archive = sys.argv[1]
    looked_at = objects(archive)
    found = ["%s: nm shows no symbol of it" % member for member in unread(archive, [member for member, _ in looked_at])]
    for member, symbols in looked_at:
        for kind, name in symbols:
            found += complaints_about(member, kind, name)
    print("\n".join(found + ["%d objects looked at" % len(looked_at)]))
    return 1 if found or not looked_at else 0


if __name__ == "__main__":
    sys.exit(main())
