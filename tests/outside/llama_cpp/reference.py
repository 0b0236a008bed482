"""The architectures in double precision, with the inputs of each product rounded as one of the programs rounds them.

Between the programs' own roundings this is the ruler: `exact` is what the weights mean, `llama.cpp` what llama.cpp makes of
it, and the others what the engine makes of it. How far a rounding moves the logits is thus computed and not guessed.
Shapes: T tokens, D hidden, H heads, G key-value heads, E head dimension.
"""
import numpy as np


def exact(x, kind):
    return x


def llama_cpp(x, kind):
    """The type that ggml's product of a weight type wants its input in (ggml-cpu.c, `vec_dot_type`)."""
    if kind == "F32":
        return x
    if kind == "F16":
        return x.astype(np.float16).astype(np.float64)
    if kind == "BF16":
        return to_bf16(x)
    if kind in ("Q1_0", "Q2_0", "Q4_0", "Q8_0"):
        return q8_0(x)
    return q8_k(x)


def to_bf16(x):
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32).astype(np.float64)


def q8_0(x):
    """Blocks of 32, a float16 scale."""
    b = x.reshape(-1, 32)
    d = np.abs(b).max(-1, keepdims=True) / 127
    q = np.rint(np.divide(b, d, out=np.zeros_like(b), where=d > 0))
    return (q * d.astype(np.float16).astype(np.float64)).reshape(x.shape)


def q8_k(x):
    """Blocks of 256; what lies farthest from 0 becomes -127."""
    b = x.reshape(-1, 256)
    far = np.take_along_axis(b, np.abs(b).argmax(-1)[:, None], -1)
    scale = np.divide(-127, far, out=np.zeros_like(far), where=far != 0)
    q = np.minimum(np.rint(b * scale), 127)
    return np.divide(q, scale, out=np.zeros_like(b), where=scale != 0).reshape(x.shape)


def int8_groups(x, size):
    """One scale for each `size` elements, 127 / their largest."""
    b = x.reshape(-1, size)
    scale = 127 / np.maximum(np.abs(b).max(-1, keepdims=True), 1e-5)
    return (np.clip(np.rint(b * scale), -128, 127) / scale).reshape(x.shape)


def int8_per_token(x, kind):
    """What BitNet is trained with; tensors that are not low-bit get their input as it is."""
    return int8_groups(x, x.shape[-1]) if kind in LOW_BIT else x


def int8_per_group(x, kind):
    """One scale for each group of weights, for models that were trained with 16-bit activations."""
    return int8_groups(x, LOW_BIT[kind]) if kind in LOW_BIT else x


LOW_BIT = {"TQ1_0": 256, "TQ2_0": 256, "Q1_0": 128, "Q2_0": 64}


class Reference:
    """A models.RandomModel, or anything that has its `shape` and `tensors`."""

    def __init__(self, model, rounding):
        self.model, self.shape, self.rounding = model, model.shape, rounding

    def logits(self, ids):
        """[T, vocab] of one sequence."""
        s, t = self.shape, self.model.tensors
        x = t["token_embd"].values[np.asarray(ids)]
        for i in range(s.layers):
            layer = lambda name: t["blk.%d.%s" % (i, name)]
            h = self._norm(x, layer("attn_norm"))
            x = x + self._attention(h, layer)
            h = self._norm(x, layer("ffn_norm"))
            gate, up = self._product(h, layer("ffn_gate")), self._product(h, layer("ffn_up"))
            h = gate / (1 + np.exp(-gate)) * up
            if s.sub_norms:
                h = self._norm(h, layer("ffn_sub_norm"))
            x = x + self._product(h, layer("ffn_down"))
        return self._product(self._norm(x, t["output_norm"]), t.get("output", t["token_embd"]))

    def _attention(self, h, layer):
        s, n = self.shape, h.shape[0]
        q = self._product(h, layer("attn_q")).reshape(n, s.heads, s.head_dim)
        k = self._product(h, layer("attn_k")).reshape(n, s.kv_heads, s.head_dim)
        v = self._product(h, layer("attn_v")).reshape(n, s.kv_heads, s.head_dim)
        if s.qk_norms:
            q, k = self._norm(q, layer("attn_q_norm")), self._norm(k, layer("attn_k_norm"))
        q, k = self._rotate(q), self._rotate(k)
        k, v = (np.repeat(a, s.heads // s.kv_heads, 1) for a in (k, v))
        scores = np.einsum("qhe,khe->hqk", q, k) / np.sqrt(s.head_dim)
        scores[:, np.triu(np.ones((n, n), bool), 1)] = -np.inf
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        out = np.einsum("hqk,khe->qhe", weights / weights.sum(-1, keepdims=True), v).reshape(n, -1)
        if s.sub_norms:
            out = self._norm(out, layer("attn_sub_norm"))
        return self._product(out, layer("attn_output"))

    def _norm(self, x, weight):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.shape.eps) * weight

    def _product(self, x, matrix):
        y = self.rounding(x, matrix.kind) @ matrix.values.T
        return y if matrix.scale is None else y * matrix.scale

    def _rotate(self, x):
        s = self.shape
        half = s.head_dim // 2
        angle = np.arange(x.shape[0])[:, None] * s.theta ** (-np.arange(half) / half)
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        first = slice(0, half) if s.neox else slice(0, None, 2)
        second = slice(half, None) if s.neox else slice(1, None, 2)
        out = np.empty_like(x)
        out[..., first] = x[..., first] * cos - x[..., second] * sin
        out[..., second] = x[..., second] * cos + x[..., first] * sin
        return out
