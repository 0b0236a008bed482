"""One-bit weights in the forward pass, with activations of one bit, of one trit or in bfloat16.

What the exported file and the kernels compute is computed here: one scale per row of weights and one per token, and one
rounding for the product of the two. Gradients pass straight through, but not where an activation is so far out that
its sign or trit no longer says anything about it.
"""
import torch

ACTIVATIONS = ("binary", "ternary", "bf16")
PASS = {"binary": 1.0, "ternary": 1.5}  # Multiples of mean|x| up to which an activation has a gradient.


def binarize(weight):
    """[rows, k] -> +1 where W >= 0, else -1, as floats [rows, k], and the scales mean|W| rounded to bfloat16 [rows]."""
    scale = weight.abs().mean(-1).clamp_min(1e-5)
    return (weight >= 0).float().mul_(2).sub_(1), scale.bfloat16().float()


def quantize(x, activations):
    """x [N, k] -> values the product sums [N, k], and the scale of each token [N, 1]."""
    if activations == "bf16":
        return x.bfloat16().float(), torch.ones_like(x[:, :1])   # round half to even
    scale = x.abs().mean(-1, keepdim=True)
    if activations == "binary":
        return (x >= 0).float().mul_(2).sub_(1), scale
    scale = scale.clamp_min_(1e-5)
    return (x / scale).round_().clamp_(-1, 1), scale


class SignProduct(torch.autograd.Function):
    """y[N, rows] = (sum of +-1 times the quantised activations) * (row scale * token scale)."""

    @staticmethod
    def forward(ctx, x, weight, activations):
        q, scale = quantize(x, activations)
        signs, w_scale = binarize(weight)
        near = x.abs() <= PASS[activations] * scale if activations in PASS else None
        ctx.save_for_backward(q, scale, signs, w_scale, near)
        return (q @ signs.t()).mul_(w_scale * scale)

    @staticmethod
    def backward(ctx, dy):
        q, scale, signs, w_scale, near = ctx.saved_tensors
        dx = (dy * w_scale) @ signs
        return dx if near is None else dx.mul_(near), dy.t() @ q.mul_(scale), None
