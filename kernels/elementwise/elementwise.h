// Arithmetic without a reduction: each element rounds alone, so one plain loop, vectorised by the compiler
// without fusing, gives the same bits everywhere and needs no variants.
#pragma once

#include <cstddef>

namespace bitnet {

// x[i] += y[i].
void AddTo(size_t n, const float* y, float* x);

// h[i] = (r * r) * up[i] with r = max(gate[i], 0): the squared-ReLU gate of BitNet b1.58 2B4T. In float32
// because r * r overflows half precision. h may be gate or up.
void SquaredReluGate(size_t n, const float* gate, const float* up, float* h);

// h[i] = (gate[i] * sigmoid(gate[i])) * up[i], the SiLU gate of Llama and Qwen. With e = e^-|gate| (defined
// below), sigmoid is 1 / (1 + e), or e / (1 + e) for a negative gate: nothing overflows for any finite gate.
// NaN stays NaN. h may be gate or up.
//
// e is SoftmaxExp() of kernels/math/exp.h with each fma replaced by a product and a sum that round one by
// one, which vectorises on every CPU without a variant: within 2 units in the last place, +0 below kExpMin.
void SiluGate(size_t n, const float* gate, const float* up, float* h);

// Rotates one head in place by NeoX's half-split RoPE: pairs (x[i], x[i + n/2]) for i in [0, n/2), with
// a' = a * cos[i] - b * sin[i] and b' = b * cos[i] + a * sin[i], products and sums rounded one by one.
void RotateHalves(size_t head_dim, const float* cos, const float* sin, float* x);

// The same for RoPE's interleaved form: pairs (x[2i], x[2i + 1]), as Llama's GGUF files have their rows.
void RotatePairs(size_t head_dim, const float* cos, const float* sin, float* x);

}  // namespace bitnet
