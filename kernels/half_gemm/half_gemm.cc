#include "kernels/half_gemm/half_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr HalfGemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, HalfGemmX86Avx512Vnni},
    {"x86_avx2", kAvx2, HalfGemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, HalfGemmArmNeonDot},
#endif
    {"portable", kNoFeatures, HalfGemmPortable},
};

}  // namespace

std::span<const HalfGemmKernel> HalfGemmKernels() { return kKernels; }

const HalfGemmKernel& SelectHalfGemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const HalfGemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
