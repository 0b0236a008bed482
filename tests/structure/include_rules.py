#!/usr/bin/env python3
"""Checks that every #include follows DESIGN.md's arrows: who may include whom, and which libraries.

Usage: include_rules.py [ROOT]
"""
import os
import re
import sys

import sources

OWN = {"base", "kernels", "engine", "proto", "worker", "service", "deploy", "tests", "bench"}

# Library of an include's first path component. What is in angle brackets without a slash and not here is the
# language's or the system's.
LIBRARIES = {"absl": "absl", "spdlog": "spdlog", "fmt": "spdlog", "grpc": "grpc", "grpcpp": "grpc", "google": "protobuf",
             "boost": "boost", "prometheus": "prometheus", "nlohmann": "nlohmann", "CLI": "cli11", "CLI11.hpp": "cli11",
             "pcre2.h": "pcre2", "utf8proc.h": "utf8proc", "gtest": "gtest", "gmock": "gtest", "benchmark": "benchmark", "openssl": "openssl",
             "re2": "re2", "json.hpp": "nlohmann", "curl": "curl", "zlib.h": "zlib",
             "seccomp.h": "seccomp", "bitnet": "libbitnet", "emscripten": "emscripten"}

# Folders of headers that the operating system or the compiler gives.
SYSTEM = {"sys", "pthread", "linux", "mach", "mach-o", "net", "netinet", "arpa", "asm", "bits", "os", "dispatch", "libkern", "Foundation", "Metal",
          "MetalPerformanceShaders", "IOKit", "CoreFoundation", "Accelerate"}

# The longest matching folder decides. deploy/ is programs that are clients.
OWN_ALLOWED = {
    "kernels": {"kernels"},
    "base": {"base"},
    "engine": {"engine", "kernels", "base"},
    "proto": {"proto"},
    "worker": {"worker", "engine", "proto", "base"},
    "service": {"service", "proto", "base"},
    "deploy": {"deploy", "proto", "base"},
}
LIBRARIES_ALLOWED = {
    "kernels": set(),
    "base": {"absl", "spdlog"},
    "engine": {"absl", "pcre2", "utf8proc"},
    "engine/huggingface": {"absl", "nlohmann"},
    "engine/chat": {"absl", "nlohmann"},
    "engine/adapters": {"absl", "nlohmann", "pcre2"},
    "engine/convert": {"absl", "nlohmann"},
    "engine/grammar": {"absl", "nlohmann"},
    "engine/cli": {"absl", "pcre2", "cli11", "nlohmann"},
    "engine/c_api": {"absl", "libbitnet"},
    "proto": {"protobuf", "grpc", "absl"},
    "worker": {"grpc", "protobuf", "absl", "spdlog", "seccomp"},
    "service": {"grpc", "protobuf", "absl", "boost", "prometheus", "spdlog", "nlohmann", "openssl"},
    "deploy": {"grpc", "protobuf", "absl", "cli11"},
    "deploy/examples": {"libbitnet"},
    "deploy/swift": {"libbitnet"},
    "deploy/wasm": {"libbitnet", "emscripten"},
}
# Command lines are read in main.cc, or where they are long in a command_line.cc beside it, and nowhere else, or in the
# programs of engine/cli and deploy.
FLAG_FOLDERS = {"worker", "service"}
FLAG_FILES = ("main.cc", "command_line.cc")
# The C header is for C programs: no C++, no project header outside its folder.
C_HEADERS = "engine/include/"
C_ALLOWED = {"stddef.h", "stdint.h", "stdbool.h"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|import|include_next)[ \t]*(?:"([^"]+)"|<([^>]+)>|(\S.*))', re.M)


def longest(rules, path):
    return max((f for f in rules if path.startswith(f + "/")), key=len)


def without_comments(text):
    """Block comments become as many newlines as they have, so that line numbers stay."""
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)


def violations(path, text):
    """Messages for one file of a folder with rules; `path` is relative to the root and uses slashes."""
    text = without_comments(text)
    for match in INCLUDE.finditer(text):
        where = "%s:%d: " % (path, text.count("\n", 0, match.start()) + 1)
        quoted, angled, computed = match.groups()
        if computed:
            yield where + "computed #include %s cannot be checked" % computed
            continue
        name = quoted or angled
        first = name.split("/")[0]
        if path.startswith(C_HEADERS):
            if name not in C_ALLOWED and not name.startswith("bitnet/"):
                yield where + "a C header may not include %s" % name
        elif ".." in name.split("/"):
            yield where + "%s: paths start at the root of the tree" % name
        elif first in OWN and quoted:
            if first not in OWN_ALLOWED[longest(OWN_ALLOWED, path)]:
                yield where + "%s may not include %s" % (path.split("/")[0], name)
        elif first in LIBRARIES:
            library = LIBRARIES[first]
            if library == "cli11" and path.split("/")[0] in FLAG_FOLDERS:
                if os.path.basename(path) not in FLAG_FILES:
                    yield where + "flags are read in %s only" % " and ".join(FLAG_FILES)
            elif library not in LIBRARIES_ALLOWED[longest(LIBRARIES_ALLOWED, path)]:
                yield where + "%s may not use %s (%s)" % (longest(LIBRARIES_ALLOWED, path), library, name)
        elif quoted:
            # Examples are copied elsewhere: what they bring lies beside them.
            if not path.startswith("deploy/examples/"):
                yield where + '"%s" is no header of the tree; of a system or library it takes <>' % name
        elif "/" in name and first not in SYSTEM:
            yield where + "unknown library %s" % name


def check(root):
    files = sources.sources(root, tuple(OWN_ALLOWED))
    found = []
    for path in files:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            found += violations(path, file.read())
    return files, found


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    files, found = check(root)
    print("\n".join(found + ["%d files, %d violations" % (len(files), len(found))]))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
