#!/usr/bin/env python3
"""Parses deploy/swift's sources with tree-sitter's Swift grammar, and checks what a package may not have. That is syntax, no more:
only Swift's compiler on a Mac knows the types. Exit status 77: there is no tree-sitter (pip install tree-sitter
tree-sitter-swift).

Usage: syntax_test.py SOURCE
"""
import os
import re
import sys

try:
    import tree_sitter
    import tree_sitter_swift
except ImportError:
    print("there is no tree_sitter_swift: Swift sources not parsed")
    sys.exit(77)


def errors(node):
    if node.type == "ERROR" or node.is_missing:
        yield node
    for child in node.children:
        yield from errors(child)


def main():
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))
    folder = os.path.join(sys.argv[1], "deploy", "swift")
    with open(os.path.join(sys.argv[1], "engine", "include", "bitnet", "bitnet.h"), encoding="utf-8") as file:
        header = set(re.findall(r"\b(?:bitnet|BITNET)_\w+", file.read()))
    found, files = [], 0
    for directory, _, names in os.walk(folder):
        for name in sorted(names):
            if not name.endswith(".swift") or ".build" in directory:
                continue
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                source = file.read()
            files += 1
            found += ["%s:%d: no Swift" % (path, node.start_point[0] + 1) for node in errors(parser.parse(source).root_node)]
            text = re.sub(r'//.*|"[^"\n]*"', "", source.decode())
            found += ["%s: %s is not in bitnet.h" % (path, word)
                      for word in sorted(set(re.findall(r"\b(?:bitnet|BITNET)_\w+", text)) - header)]
            # A package that has them cannot be another's dependency.
            found += ["%s: unsafe flags" % path] if "unsafeFlags" in text else []
    print("\n".join(found + ["%d files parsed" % files]))
    return 1 if found or files < 6 else 0


if __name__ == "__main__":
    sys.exit(main())
