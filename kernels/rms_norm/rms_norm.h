// Root-mean-square normalisation (Zhang and Sennrich 2019, arXiv 1910.07467).
#pragma once

#include <cstddef>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// y[i] = (x[i] * inv) * weight[i], with inv = 1 / sqrt(sum / n + eps). The sum of squares runs in 16
// interleaved lanes: lane j starts at +0 and takes fma(x[i], x[i], lane) for i = j, j+16, ...; lanes fold by
// halves: j += j+8, j += j+4, j += j+2, j += j+1. Division and square root round once each, as IEEE 754
// says, so every variant gives the same bits. y may be x. n is any positive size.
using RmsNorm = void(size_t n, const float* x, const float* weight, float eps, float* y);

struct RmsNormKernel {
  const char* name;
  CpuFeatures needs;
  RmsNorm* run;
};

std::span<const RmsNormKernel> RmsNormKernels();
const RmsNormKernel& SelectRmsNorm(CpuFeatures have);

RmsNorm RmsNormPortable, RmsNormX86Avx2, RmsNormX86Avx512Vnni, RmsNormArmNeonDot;

}  // namespace bitnet
