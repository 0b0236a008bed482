"""Llama 3's vocabulary and merges, out of npm's llama3-tokenizer-js."""
import base64
import os
import re

REGULAR, SPECIAL = 128000, 256
BEGIN, END, END_OF_TURN = 128000, 128001, 128009
# The special tokens that have names; the others are reserved, numbered in their order.
NAMED = {0: "begin_of_text", 1: "end_of_text", 6: "start_header_id", 7: "end_header_id", 9: "eot_id"}


def special_tokens():
    names, reserved = [], 0
    for i in range(SPECIAL):
        if i in NAMED:
            names.append("<|%s|>" % NAMED[i])
        else:
            names.append("<|reserved_special_token_%d|>" % reserved)
            reserved += 1
    return names


def read(package):
    """(tokens, merges): 128256 strings in GPT-2's alphabet of bytes, and 280147 of the form "left right"."""
    with open(os.path.join(package, "src", "data-converted.js"), encoding="ascii") as file:
        blobs = {name: base64.b64decode(data) for name, data in re.findall(r'const (\w+) = "([^"]*)"', file.read())}
    tokens = blobs["llama_vocab_base64"].decode().split("\n")
    assert len(tokens) == REGULAR, len(tokens)
    # Two numbers of 17 bits a merge, the first bit of all the most significant; some zero bits fill the last byte.
    packed = blobs["llama_merges_binary"]
    count = len(packed) * 8 // 34
    bits = int.from_bytes(packed, "big") >> (len(packed) * 8 - count * 34)
    text = bits.to_bytes((count * 34 + 7) // 8, "big")
    bits_of = "".join(map("{:08b}".format, text))[-count * 34:]
    merges = ["%s %s" % (tokens[int(bits_of[at:at + 17], 2)], tokens[int(bits_of[at + 17:at + 34], 2)])
              for at in range(0, count * 34, 34)]
    return tokens + special_tokens(), merges
