#!/usr/bin/env python3
"""Writes golden/*: tensors of 4 rows of 512 weights as PyPI's `gguf` (the reference) encodes and decodes them.

    pip install gguf==0.19.0 && ./make_golden.py    # writes the files
    ./make_golden.py --check                        # compares them with what the reference gives now

values.f32 holds the floats that are encoded. TYPE.blocks holds the bytes of a tensor and TYPE.f32 what these decode
to. Blocks of the types that the reference encodes are its encoding of the values; of the others they are random.
"""
import argparse
import pathlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize

ROWS, K = 4, 512
ENCODED = (Type.F16, Type.BF16, Type.Q4_0, Type.Q8_0, Type.TQ1_0, Type.TQ2_0)
# With the offsets of the half-precision scales in a block: random bytes there would be NaN or huge.
RANDOM = {Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208,)}


def values():
    rng = np.random.default_rng(1)
    rows = rng.normal(0, 0.02, (ROWS, K)).astype(np.float32)
    rows[1] = rng.integers(-1, 2, K) * np.float32(0.0123)  # Already ternary,
    rows[1, :256] = 0  # with a block of zeros.
    rows[2] = np.round(rng.normal(0, 40, K)) * np.float32(0.5)  # Ties.
    rows[3] *= np.exp(rng.normal(0, 3, K))  # A few large ones.
    rows[3, 32:64] *= np.float32(1e-6)  # Half-precision subnormal scales.
    return rows.astype(np.float32)


def random_blocks(kind, scales, rng):
    block, size = GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (ROWS * K // block, size), dtype=np.uint8)
    for at in scales:
        scale = rng.normal(0, 0.01, len(blocks)).astype(np.float16)
        blocks[:, at:at + 2] = scale.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(ROWS, -1)


def files():
    source = values()
    yield "values.f32", source.tobytes()
    rng = np.random.default_rng(2)
    for kind in (*ENCODED, *RANDOM):
        blocks = quantize(source, kind) if kind in ENCODED else random_blocks(kind, RANDOM[kind], rng)
        floats = dequantize(blocks, kind)
        assert floats.shape == (ROWS, K) and floats.dtype == np.float32 and np.isfinite(floats).all()
        yield kind.name + ".blocks", blocks.tobytes()
        yield kind.name + ".f32", floats.tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    folder = pathlib.Path(__file__).with_name("golden")
    folder.mkdir(exist_ok=True)
    wrong = 0
    for name, data in files():
        if not check:
            (folder / name).write_bytes(data)
        elif (folder / name).read_bytes() != data:
            print(f"{name} differs", file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
