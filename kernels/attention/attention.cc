#include "kernels/attention/attention.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr AttentionKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, AttentionX86Avx512Vnni},
    {"x86_avx2", kAvx2, AttentionX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, AttentionArmNeonDot},
#endif
    {"portable", kNoFeatures, AttentionPortable},
};

}  // namespace

std::span<const AttentionKernel> AttentionKernels() { return kKernels; }

const AttentionKernel& SelectAttention(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const AttentionKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
