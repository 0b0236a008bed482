#!/usr/bin/env python3
"""Writes models of the shape of BitNet-b1.58-2B-4T with random weights, for programs that read different files.

Usage: models.py twin|llama OUTPUT --vocabulary PACKAGE

twin   what Microsoft's file is: I2_S, the embedding and head in F16 (tests/twin). bitnet reads it; llama-quantize of
       ik_llama.cpp makes IQ2_BN of it.
llama  for llama.cpp, which has no such architecture: `bitnet`, the nearest it has (the same matrices and norms, another
       activation function), TQ2_0, the embedding and head in Q6_K.

Needs numpy, and npm's llama3-tokenizer-js (PACKAGE: its folder).
"""
import argparse
import pathlib
import sys

import numpy as np

TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
sys.path[:0] = [str(TESTS / "twin"), str(TESTS / "outside")]

import llama3_vocabulary  # noqa: E402
import make_twin  # noqa: E402
from gguf_writer import STRING, UINT32, Tensor, write_gguf  # noqa: E402

PIECE = 1 << 14  # Blocks written at once.


def in_pieces(blocks, make):
    """A function that writes `blocks` blocks, which make(count) gives as an array of bytes [count, size]."""
    def write(file):
        for start in range(0, blocks, PIECE):
            file.write(make(min(PIECE, blocks - start)).tobytes())
    return write


def tq2_0(name, k, rows, scale, seed):
    rng = np.random.default_rng(seed)
    factor = np.frombuffer(np.float16(scale).tobytes(), np.uint8)

    def make(count):  # 64 bytes of four codes, and a scale.
        block = np.empty((count, 66), np.uint8)
        block[:, :64] = make_twin.TERNARY[rng.integers(0, 81, (count, 64), np.uint8)]
        block[:, 64:] = factor
        return block
    return Tensor(name, "TQ2_0", [k, rows], in_pieces(k * rows // 256, make))


def q6_k(name, k, rows, spread, seed):
    rng = np.random.default_rng(seed)
    # A weight is factor * scale * (code - 32); codes of 6 random bits have a standard deviation of 18.5.
    scale = 32
    factor = np.frombuffer(np.float16(spread / scale / 18.5).tobytes(), np.uint8)

    def make(count):  # 128 bytes of low bits, 64 of high bits, 16 scales, and a factor for them.
        block = np.empty((count, 210), np.uint8)
        block[:, :192] = rng.integers(0, 256, (count, 192), np.uint8)
        block[:, 192:208] = scale
        block[:, 208:] = factor
        return block
    return Tensor(name, "Q6_K", [k, rows], in_pieces(k * rows // 256, make))


def llama(path, package):
    """The twin's tensors, each in the type that llama.cpp has for it."""
    sizes = make_twin.Sizes(small=False)
    keys = [("general.architecture", STRING, "bitnet"), ("tokenizer.ggml.pre", STRING, "llama-bpe")]
    for name, kind, value in make_twin.keys(sizes, *llama3_vocabulary.read(package)):
        if name.startswith("bitnet-b1.58."):
            keys.append((name.replace("bitnet-b1.58.", "bitnet."), kind, value))
        elif name not in ("general.architecture", "general.file_type"):
            keys.append((name, kind, value))
    keys.append(("general.file_type", UINT32, 37))  # MOSTLY_TQ2_0.
    tensors = []
    for seed, tensor in enumerate(make_twin.tensors(sizes)):
        if tensor.kind == "I2_S":
            k, rows = tensor.dims
            tensor = tq2_0(tensor.name, k, rows, (1.5 / k) ** 0.5, seed)
        elif tensor.kind == "F16":
            tensor = q6_k(tensor.name, *tensor.dims, make_twin.SPREAD * sizes.hidden_dim**-0.5, seed)
        tensors.append(tensor)
    write_gguf(path, keys, tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("twin", "llama"))
    parser.add_argument("output")
    parser.add_argument("--vocabulary", required=True)
    arguments = parser.parse_args()
    if arguments.kind == "twin":
        make_twin.make(arguments.output, arguments.vocabulary, small=False)
    else:
        llama(arguments.output, arguments.vocabulary)


if __name__ == "__main__":
    main()
