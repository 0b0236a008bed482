// Floating-point weights (half precision, bfloat16 or float) times float activations: the output head and
// other unquantised matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

enum class FloatType : uint8_t {
  kF16,   // IEEE half precision.
  kBf16,  // The upper 16 bits of a float.
  kF32,
};

constexpr size_t FloatTypeBytes(FloatType type) { return type == FloatType::kF32 ? 4 : 2; }

// One call's operands.
//   w  [rows, k] bits of the type, row-major without gaps, at any address.
//   x  [batch, k] floats, rows `x_stride` elements apart.
//   y  [batch, rows] floats, rows `y_stride` elements apart.
struct FloatGemmArgs {
  size_t rows;
  size_t k;  // Any; elements past the last multiple of 16 count as a lane's next, absent ones as +0.
  size_t batch;
  const void* w;
  const float* x;
  size_t x_stride;
  float* y;
  size_t y_stride;
  FloatType type;
};

// y[b][r] is the dot product in 16 interleaved lanes: lane j starts at +0 and takes
// fma(w[i], x[i], lane) for i = j, j+16, ...; then lanes fold by halves: j += j+8, j += j+4, j += j+2,
// j += j+1. Weights widen to float exactly. Every variant gives the same bits. Touches nothing outside its
// operands and assumes no alignment. Safe to call concurrently on disjoint y.
using FloatGemm = void(const FloatGemmArgs& args);

struct FloatGemmKernel {
  const char* name;
  CpuFeatures needs;
  FloatGemm* run;
};

std::span<const FloatGemmKernel> FloatGemmKernels();
const FloatGemmKernel& SelectFloatGemm(CpuFeatures have);

FloatGemm FloatGemmPortable, FloatGemmX86Avx2, FloatGemmX86Avx512Vnni, FloatGemmArmNeonDot;

}  // namespace bitnet
