"""The transformer of BitNet b1.58 2B4T, scaled down, for training in float32.

What is quantised in the exported file is quantised in the forward pass, bit for bit: ternary weights with one scale per
tensor (rounded to bfloat16), int8 activations per token, a float16 embedding. Gradients pass straight through.
With other activations than int8 the weights are one-bit: sign.py.
Shapes: B rows, T positions, N = B*T tokens, D hidden, H heads, G key-value heads, E head dimension, F feed-forward.
"""
import dataclasses
import math

import torch
import torch.nn.functional as F
from torch import nn

from sign import SignProduct

# Name of a variant (bits of a weight, bits of an activation) -> Config.activations.
VARIANTS = {"w1.58a8": "int8", "w1a1": "binary", "w1a1.58": "ternary", "w1a16": "bf16"}


@dataclasses.dataclass
class Config:
    vocab_size: int = 4096
    hidden_dim: int = 256
    num_layers: int = 8
    ffn_dim: int = 768
    num_heads: int = 4
    num_kv_heads: int = 2
    max_seq_len: int = 512
    rope_theta: float = 500000.0
    rms_eps: float = 1e-5
    activations: str = "int8"  # With ternary weights; "binary", "ternary" and "bf16" go with one-bit weights.

    @property
    def head_dim(self):
        return self.hidden_dim // self.num_heads


def ternarize(weight):
    """[rows, k] -> values -1, 0, 1 as floats [rows, k], and the scale mean|W| rounded to bfloat16 []."""
    scale = weight.abs().mean().clamp_min(1e-5)
    return (weight / scale).round_().clamp_(-1, 1), scale.bfloat16().float()


class TernaryProduct(torch.autograd.Function):
    """y[N, rows] = (sum of ternary times int8, exact in float32) * weight scale / activation scale."""

    @staticmethod
    def forward(ctx, x, weight, sizes):
        # x [N, k]; weight [sum(sizes), k] holds several matrices, each with its own scale.
        scale = 127.0 / x.abs().amax(-1, keepdim=True).clamp_min_(1e-5)   # [N, 1]
        q = (x * scale).round_().clamp_(-128, 127)                        # round half to even
        parts = [ternarize(w) for w in weight.split(sizes)]
        ternary = torch.cat([p[0] for p in parts])
        w_scale = torch.cat([p[1].expand(n) for p, n in zip(parts, sizes)])  # [rows]
        ctx.save_for_backward(q, scale, ternary, w_scale)
        return (q @ ternary.t()).mul_(w_scale).div_(scale)

    @staticmethod
    def backward(ctx, dy):
        q, scale, ternary, w_scale = ctx.saved_tensors
        dx = (dy * w_scale) @ ternary
        return dx, dy.t() @ q.div_(scale), None


class QuantizedLinear(nn.Module):
    """Matrices that share one quantised input, stored one below the other; returns one output for each."""

    def __init__(self, activations, k, *sizes):
        super().__init__()
        self.activations = activations
        self.sizes = list(sizes)
        self.weight = nn.Parameter(torch.randn(sum(sizes), k) / math.sqrt(k))

    def forward(self, x):
        if self.activations == "int8":
            y = TernaryProduct.apply(x, self.weight, self.sizes)
        else:
            y = SignProduct.apply(x, self.weight, self.activations)
        return y.split(self.sizes, dim=-1) if len(self.sizes) > 1 else y


class RmsProduct(torch.autograd.Function):
    """y = x / sqrt(mean(x^2) + eps) * weight, with a backward pass of few passes over memory."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        inverse = torch.rsqrt((x * x).mean(-1, keepdim=True).add_(eps))
        unit = x * inverse
        ctx.save_for_backward(unit, inverse, weight)
        return unit * weight

    @staticmethod
    def backward(ctx, dy):
        unit, inverse, weight = ctx.saved_tensors
        product = dy * unit
        dweight = product.sum(0)
        mean = product.mul_(weight).mean(-1, keepdim=True)
        return (dy * weight).sub_(unit * mean).mul_(inverse), dweight, None


class RmsNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return RmsProduct.apply(x, self.weight, self.eps)


def rope_tables(config):
    """-> cos, sin [max_seq_len, E/2]."""
    frequency = config.rope_theta ** (-torch.arange(0, config.head_dim, 2, dtype=torch.float64) / config.head_dim)
    angle = torch.arange(config.max_seq_len, dtype=torch.float64)[:, None] * frequency
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    """Half-split (NeoX) rotation of x [B, heads, T, E]."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        kv = c.num_kv_heads * c.head_dim
        self.attn_norm = RmsNorm(c.hidden_dim, c.rms_eps)
        self.attn_sub_norm = RmsNorm(c.hidden_dim, c.rms_eps)
        self.ffn_norm = RmsNorm(c.hidden_dim, c.rms_eps)
        self.ffn_sub_norm = RmsNorm(c.ffn_dim, c.rms_eps)
        self.qkv = QuantizedLinear(c.activations, c.hidden_dim, c.hidden_dim, kv, kv)
        self.out = QuantizedLinear(c.activations, c.hidden_dim, c.hidden_dim)
        self.gate_up = QuantizedLinear(c.activations, c.hidden_dim, c.ffn_dim, c.ffn_dim)
        self.down = QuantizedLinear(c.activations, c.ffn_dim, c.hidden_dim)

    def attention(self, q, k, v, batch, cos, sin, mask):
        c, t = self.c, cos.shape[0]
        q = rotate(q.reshape(batch, t, c.num_heads, c.head_dim).transpose(1, 2), cos, sin)
        k = rotate(k.reshape(batch, t, c.num_kv_heads, c.head_dim).transpose(1, 2), cos, sin)
        v = v.reshape(batch, t, c.num_kv_heads, c.head_dim).transpose(1, 2)
        # The query heads of one key-value head are consecutive: fold them into the rows of one product.
        q = q.reshape(batch, c.num_kv_heads, -1, c.head_dim)                           # [B, G, H/G*T, E]
        scores = (q @ k.transpose(-1, -2)) / math.sqrt(c.head_dim)
        scores = scores.reshape(batch, c.num_heads, t, t) + mask
        mixed = scores.softmax(-1).reshape(batch, c.num_kv_heads, -1, t) @ v
        return mixed.reshape(batch, c.num_heads, t, c.head_dim).transpose(1, 2).reshape(batch * t, c.hidden_dim)

    def forward(self, x, batch, cos, sin, mask):
        q, k, v = self.qkv(self.attn_norm(x))
        x = x + self.out(self.attn_sub_norm(self.attention(q, k, v, batch, cos, sin, mask)))
        gate, up = self.gate_up(self.ffn_norm(x))
        return x + self.down(self.ffn_sub_norm(gate.relu().square() * up))


class Lighthouse(nn.Module):
    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        self.embedding = nn.Parameter(torch.randn(config.vocab_size, config.hidden_dim) * 0.04)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.output_norm = RmsNorm(config.hidden_dim, config.rms_eps)
        cos, sin = rope_tables(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, ids, keep=None):
        """ids [B, T], padded on the right -> logits [N, V], or only of the flat positions in `keep`."""
        batch, t = ids.shape
        embedding = self.embedding + (self.embedding.detach().half().float() - self.embedding.detach())
        mask = torch.full((t, t), float("-inf")).triu(1)
        x = F.embedding(ids.reshape(-1), embedding)
        for layer in self.layers:
            x = layer(x, batch, self.cos[:t], self.sin[:t], mask)
        x = self.output_norm(x)
        return (x if keep is None else x[keep]) @ embedding.t()
