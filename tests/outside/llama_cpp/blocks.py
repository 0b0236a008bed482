"""Low-bit weights as numbers and as the bytes of ggml's blocks. judge.py has ggml decode every tensor that is packed here.

A packer takes integer codes [rows, k] and one scale per group, float16 [rows, k / GROUP[kind]].
"""
import numpy as np

GROUP = {"TQ1_0": 256, "TQ2_0": 256, "Q1_0": 128, "Q2_0": 64}
LOWEST = {"TQ1_0": -1, "TQ2_0": -1, "Q1_0": -1, "Q2_0": -1}


def random_codes(kind, shape, rng):
    if kind == "Q1_0":
        return rng.integers(0, 2, shape) * 2 - 1
    if kind == "Q2_0":  # The fourth code is +2, which ggml's own quantiser never writes; here it is rare.
        return rng.choice([-1, 0, 1, 2], shape, p=[0.31, 0.34, 0.31, 0.04])
    return rng.integers(-1, 2, shape)


def numbers(kind, codes, scales):
    return codes * np.repeat(scales.astype(np.float64), GROUP[kind], -1)


def pack(kind, codes, scales):
    blocks = codes.reshape(-1, GROUP[kind])
    d = np.ascontiguousarray(scales.reshape(-1, 1), "<f2").view(np.uint8)          # [blocks, 2]
    parts = {"TQ1_0": _tq1_0, "TQ2_0": _tq2_0, "Q1_0": _q1_0, "Q2_0": _q2_0}[kind](blocks, d)
    return np.concatenate(parts, 1).astype(np.uint8).tobytes()


def _trits(trits):
    """Base 3, first digit most significant, of [..., 5] as the byte whose repeated tripling gives the digits back."""
    value = trits @ np.array([81, 27, 9, 3, 1])
    return (value * 256 + 242) // 243


def _tq1_0(blocks, d):
    """Bytes 0-31: elements m, m+32, ... m+128; 32-47: 160+m, 176+m, ... 224+m; 48-51: 240+j, 244+j, 248+j, 252+j, none."""
    t = blocks + 1
    first = _trits(np.moveaxis(t[:, :160].reshape(-1, 5, 32), 1, 2))
    second = _trits(np.moveaxis(t[:, 160:240].reshape(-1, 5, 16), 1, 2))
    rest = np.moveaxis(t[:, 240:].reshape(-1, 4, 4), 1, 2)
    return first, second, _trits(np.concatenate([rest, np.zeros_like(rest[..., :1])], -1)), d


def _tq2_0(blocks, d):
    """Two halves of 128: byte m holds elements m, m+32, m+64, m+96, the first in the low bits."""
    t = (blocks + 1).reshape(-1, 2, 4, 32) << np.array([0, 2, 4, 6]).reshape(1, 1, 4, 1)
    return t.sum(2).reshape(-1, 64), d


def _q1_0(blocks, d):
    return d, np.packbits((blocks > 0).astype(np.uint8), axis=1, bitorder="little")


def _q2_0(blocks, d):
    return d, ((blocks + 1).reshape(-1, 16, 4) << np.array([0, 2, 4, 6])).sum(-1)
