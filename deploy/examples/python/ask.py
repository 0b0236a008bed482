#!/usr/bin/env python3
"""One question, and the answer as it comes.

Usage: ask.py MODEL QUESTION
"""
import sys

import bitnet


def main():
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        engine = bitnet.Engine(sys.argv[1])
        answer = engine.chat([("user", sys.argv[2])], max_tokens=64)
        for piece in answer:
            print(piece, end="", flush=True)
    except bitnet.Error as error:
        print("ask.py: %s" % error, file=sys.stderr)
        return 1
    print()
    print("%d tokens, %s" % (answer.usage().generated_tokens, answer.finish), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
