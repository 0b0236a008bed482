#include "kernels/float_gemm/float_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr FloatGemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, FloatGemmX86Avx512Vnni},
    {"x86_avx2", kAvx2, FloatGemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, FloatGemmArmNeonDot},
#endif
    {"portable", kNoFeatures, FloatGemmPortable},
};

}  // namespace

std::span<const FloatGemmKernel> FloatGemmKernels() { return kKernels; }

const FloatGemmKernel& SelectFloatGemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const FloatGemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
