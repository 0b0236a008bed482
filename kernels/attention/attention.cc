#include "kernels/attention/attention.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr AttentionKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, AttendChunkX86Avx512Vnni, JoinChunksX86Avx512Vnni},
    {"x86_avx2", kAvx2, AttendChunkX86Avx2, JoinChunksX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, AttendChunkArmNeonDot, JoinChunksArmNeonDot},
#endif
    {"portable", kNoFeatures, AttendChunkPortable, JoinChunksPortable},
};

}  // namespace

std::span<const AttentionKernel> AttentionKernels() { return kKernels; }

const AttentionKernel& SelectAttention(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const AttentionKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
