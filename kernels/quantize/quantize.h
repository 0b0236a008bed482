// Per-token int8 activations: BitNet b1.58's input to every ternary matrix.
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

}  // namespace bitnet
