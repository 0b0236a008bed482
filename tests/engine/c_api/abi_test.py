#!/usr/bin/env python3
"""Compares the C interface with the record of it in abi.txt.

Usage: abi_test.py check|record HEADER C_COMPILER SHARED_LIBRARY

The record has every exported symbol, the value of every constant and enumerator, the size of every struct, and offset and
size of every field. Lines that are gone or changed break programs that are compiled already: then BITNET_ABI_VERSION has
to rise. Lines that are new, at a struct's end or of new functions, do not; they are added with `record`.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RECORD = os.path.join(HERE, "abi.txt")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def structs(header):
    """Names of structs that are not opaque, each with its fields."""
    for match in re.finditer(r"typedef struct (\w+) \{(.*?)\} \w+;", header, re.S):
        yield match.group(1), re.findall(r"(\w+)(?:\[\w+\])?;", match.group(2))


def constants(header):
    """Of enums and macros; the version is none, as it changes with every release."""
    for match in re.finditer(r"typedef enum \w+ BITNET_INT \{(.*?)\}", header, re.S):
        yield from re.findall(r"(\w+) = ", match.group(1))
    yield from re.findall(r"#define (BITNET_(?!VERSION_)\w+)[ \\\n]+\(?-?\d+u?\)?", header)


def functions(header):
    """Declared as part of the interface."""
    return re.findall(r"BITNET_API [^;]*?\b(bitnet_\w+)\(", header)


def dump(header, header_path, compiler):
    """What a program that is compiled with the header knows."""
    lines = ["CONSTANT(%s);" % name for name in constants(header)]
    for name, fields in structs(header):
        lines.append("STRUCT(%s);" % name)
        lines += ["FIELD(%s, %s);" % (name, field) for field in fields]
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "abi_lines.h"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        program = os.path.join(work, "abi_dump")
        include = os.path.dirname(os.path.dirname(header_path))
        subprocess.run([compiler, "-std=c11", "-I", include, "-I", work, os.path.join(HERE, "abi_dump.c"), "-o", program],
                       check=True)
        return subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def exported(library):
    """Defined symbols that others can link to."""
    if sys.platform == "darwin":
        lines = subprocess.run(["nm", "-gU", library], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        return sorted(line.split()[-1].removeprefix("_") for line in lines)
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE,
                           text=True).stdout.splitlines()
    return sorted(line.split()[-1] for line in lines)


def padding(lines):
    """Complaints about bytes that belong to no field: a newer field there would read what an older program left."""
    size, end, name = 0, 0, None
    for line in lines + ["struct end 0"]:
        kind, what, *numbers = line.split()
        if kind == "struct":
            if end != size:
                yield "%s: %d bytes behind its last field" % (name, size - end)
            name, size, end = what, int(numbers[0]), 0
        elif kind == "field":
            offset = int(numbers[0])
            if offset != end:
                yield "%s: %d bytes before it belong to no field" % (what, offset - end)
            end = offset + int(numbers[1])


def main():
    command, header_path, compiler, library = sys.argv[1:]
    with open(header_path, encoding="utf-8") as file:
        header = without_comments(file.read())
    symbols = exported(library)
    lines = ["symbol " + symbol for symbol in symbols] + dump(header, header_path, compiler)
    if command == "record":
        with open(RECORD, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return 0
    with open(RECORD, encoding="utf-8") as file:
        recorded = file.read().splitlines()
    complaints = ["gone or changed: " + line for line in recorded if line not in lines]
    complaints += ["not recorded: " + line for line in lines if line not in recorded]
    complaints += ["declared but not exported: " + name for name in sorted(set(functions(header)) - set(symbols))]
    complaints += ["exported but not declared: " + name for name in sorted(set(symbols) - set(functions(header)))]
    complaints += padding(lines)
    print("\n".join(complaints + ["%d lines compared" % len(recorded)]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
