"""PyPI's gguf decodes every weight of the files, and each must be that of the Hugging Face directory.

Usage: weights.py MODEL-DIRECTORY FILE...    files of types that the package knows
"""
import sys
from pathlib import Path

import gguf
import numpy as np

import expected

# Half of the last place of a half-precision number, relative.
HALF = 2.0 ** -11
# How far an embedding may be from the model's halves, relative to its largest value: half a step of its type's numbers. Blocks have
# steps of (largest of the block) / 127, / 31 and / 8, with a scale that is rounded, too; 4 bits reach -8 but only +7 steps.
STEPS = {"F32": 0.0, "F16": 0.0, "BF16": 2.0 ** -8, "Q8_0": 0.51 / 127, "Q6_K": 0.6 / 31, "Q4_0": 1.01 / 8}


def judge(path, weights, scales):
    problems = []
    tensors = gguf.GGUFReader(path).tensors
    if [t.name for t in tensors if t.name not in weights] or len(tensors) != len(weights):
        return ["other tensors than the directory's"]
    for tensor in tensors:
        wanted = weights[tensor.name]
        kind = tensor.tensor_type.name
        found = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(wanted.shape).astype(np.float64)
        off = np.abs(found - wanted).max()
        if tensor.name in scales:
            limit = abs(scales[tensor.name]) * HALF
            if not np.array_equal(np.sign(found), np.sign(wanted)):
                problems.append(f"{tensor.name}: other codes")
        else:
            limit = STEPS[kind] * np.abs(wanted).max()
        if off > limit:
            problems.append(f"{tensor.name}, {kind}: off by {off:.3g}, more than {limit:.3g}")
    return problems


def main():
    weights, scales = expected.weights(sys.argv[1])
    failed = False
    for path in sys.argv[2:]:
        problems = judge(path, weights, scales)
        failed |= bool(problems)
        print(f"{Path(path).name}: {'; '.join(problems) if problems else f'{len(weights)} tensors, every weight'}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
