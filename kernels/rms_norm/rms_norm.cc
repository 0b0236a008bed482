#include "kernels/rms_norm/rms_norm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr RmsNormKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, RmsNormX86Avx512Vnni},
    {"x86_avx2", kAvx2, RmsNormX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, RmsNormArmNeonDot},
#endif
    {"portable", kNoFeatures, RmsNormPortable},
};

}  // namespace

std::span<const RmsNormKernel> RmsNormKernels() { return kKernels; }

const RmsNormKernel& SelectRmsNorm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const RmsNormKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
