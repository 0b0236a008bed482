#!/usr/bin/env python3
"""Checks of Metal files what no compiler here knows of: attributes and address spaces that may not be left out.

Usage: metal_rules.py FILE...

Of each kernel: its buffers are numbered from 0 in order, so that the host may number arguments by counting; at most one
parameter, the last of these, is in threadgroup memory; and then come the three positions that the emulator gives. Of
each pointer and reference that is a parameter or a variable: it says in which address space it points. Of each variable
of the program: it is in constant memory.
"""
import re
import sys

POSITIONS = ["uint3 [[threadgroup_position_in_grid]]", "uint [[simdgroup_index_in_threadgroup]]",
             "uint [[thread_index_in_simdgroup]]"]
POINTER = re.compile(r"((?:[\w:<>]+\s+)*[\w:<>]+)\s*[*&]\s*(\w+)\s*(?=[,;)=\[]|SHARED_ARGUMENT)")
ADDRESS_SPACE = re.compile(r"\b(?:device|constant|threadgroup|thread)\b")
EXPRESSION = re.compile(r"\b(?:return|else|case)\b|^\d|\d$")


def code_of(text):
    """Without comments, line numbers kept."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def parameters_of(code, begin):
    """The parameters of the list that opens before `begin`, cut at commas outside of brackets."""
    depth, parts = 0, [""]
    for c in code[begin:]:
        if c in "([<":
            depth += 1
        elif c in ")]>":
            if c == ")" and depth == 0:
                break
            depth -= 1
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [" ".join(p.split()) for p in parts]


def check_kernel(name, parameters):
    if [re.sub(r" \w+ (?=\[\[)", " ", p) for p in parameters[-3:]] != POSITIONS:
        yield "%s does not end with %s" % (name, ", ".join(POSITIONS))
        return
    arguments = parameters[:-3]
    if arguments and arguments[-1].endswith("SHARED_ARGUMENT"):
        if not arguments.pop().startswith("threadgroup "):
            yield "%s: SHARED_ARGUMENT is for threadgroup memory" % name
    for i, argument in enumerate(arguments):
        if not argument.endswith(" [[buffer(%d)]]" % i):
            yield "%s: wanted [[buffer(%d)]], found: %s" % (name, i, argument)
        if not re.match(r"device (const )?\w+\* |constant \w+& ", argument):
            yield "%s: wanted a device pointer or a constant reference, found: %s" % (name, argument)


def check_pointers(code):
    for match in POINTER.finditer(code):
        words = match.group(1)
        types = re.search(r"\b(?:uint|int|uchar|char|half|float|ushort|ulong|[A-Z]\w*)$", words)
        if types and not EXPRESSION.search(words) and not ADDRESS_SPACE.search(words):
            yield "%s %s says no address space" % (words, match.group(2))


def check_globals(code):
    for line in code.split("\n"):
        if re.match(r"(?:static |const |constexpr )+[\w:<>]+ \w+ ?[=\[;]", line) and "constant" not in line:
            yield "%s: a variable of the program is in constant memory" % line.strip()


def violations(text):
    code = code_of(text)
    for match in re.finditer(r"^kernel void (\w+)\(", code, flags=re.M):
        yield from check_kernel(match.group(1), parameters_of(code, match.end()))
    yield from check_pointers(code)
    yield from check_globals(code)


def main():
    found = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            found += ["%s: %s" % (path, v) for v in violations(file.read())]
    print("\n".join(found + ["%d files, %d violations" % (len(sys.argv) - 1, len(found))]))
    return 1 if found or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
