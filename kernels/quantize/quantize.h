// Int8 activations: with one scale per token, BitNet b1.58's input to every ternary matrix, or one per group
// of weights, the input of models whose weights alone are quantised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

struct QuantizedRow {
  float scale;  // 127 / max(absmax, 1e-5): q = round(x * scale).
  int32_t sum;  // Of all q.
};

// q[i] = clamp(round_half_even(x[i] * scale), -128, 127) for i in [0, n). x holds finite values. Every
// variant gives the same bits: a maximum has no rounding, the rest is elementwise. No alignment assumed.
using QuantizeInt8 = QuantizedRow(size_t n, const float* x, int8_t* q);

struct QuantizeInt8Kernel {
  const char* name;
  CpuFeatures needs;
  QuantizeInt8* run;
};

std::span<const QuantizeInt8Kernel> QuantizeInt8Kernels();
const QuantizeInt8Kernel& SelectQuantizeInt8(CpuFeatures have);

QuantizeInt8 QuantizeInt8Portable, QuantizeInt8X86Avx2, QuantizeInt8X86Avx512Vnni, QuantizeInt8ArmNeonDot;

// Quantises each group of `group` elements of x alone, to the q that QuantizeInt8 gives it. For group g:
//   x_inv[g]  max(absmax, 1e-5) / 127, rounded once: what a step of q is worth (not 1 / scale, which would
//             round twice).
//   x_sum[g]  the sum of its q.
// `group` is at least 1 and divides n; multiples of 16 are fast.
using QuantizeInt8Groups = void(size_t n, size_t group, const float* x, int8_t* q, float* x_inv,
                                int32_t* x_sum);

struct QuantizeInt8GroupsKernel {
  const char* name;
  CpuFeatures needs;
  QuantizeInt8Groups* run;
};

std::span<const QuantizeInt8GroupsKernel> QuantizeInt8GroupsKernels();
const QuantizeInt8GroupsKernel& SelectQuantizeInt8Groups(CpuFeatures have);

QuantizeInt8Groups QuantizeInt8GroupsPortable, QuantizeInt8GroupsX86Avx2, QuantizeInt8GroupsX86Avx512Vnni,
    QuantizeInt8GroupsArmNeonDot;

}  // namespace bitnet
