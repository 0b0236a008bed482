// IEEE half-precision weights times float activations: the output head and other unquantised matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// One call's operands.
//   w  [rows, k] half-precision bits, row-major without gaps.
//   x  [batch, k] floats, rows `x_stride` elements apart.
//   y  [batch, rows] floats, rows `y_stride` elements apart.
struct HalfGemmArgs {
  size_t rows;
  size_t k;  // Any; elements past the last multiple of 16 count as a lane's next, absent ones as +0.
  size_t batch;
  const uint16_t* w;
  const float* x;
  size_t x_stride;
  float* y;
  size_t y_stride;
};

// y[b][r] is the dot product in 16 interleaved lanes: lane j starts at +0 and takes
// fma(w[i], x[i], lane) for i = j, j+16, ...; then lanes fold by halves: j += j+8, j += j+4, j += j+2,
// j += j+1. Halves widen exactly. Every variant gives the same bits. Touches nothing outside its operands
// and assumes no alignment. Safe to call concurrently on disjoint y.
using HalfGemm = void(const HalfGemmArgs& args);

struct HalfGemmKernel {
  const char* name;
  CpuFeatures needs;
  HalfGemm* run;
};

std::span<const HalfGemmKernel> HalfGemmKernels();
const HalfGemmKernel& SelectHalfGemm(CpuFeatures have);

HalfGemm HalfGemmPortable, HalfGemmX86Avx2, HalfGemmX86Avx512Vnni, HalfGemmArmNeonDot;

}  // namespace bitnet
