#include "kernels/ternary_gemm/ternary_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr TernaryGemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, TernaryGemmX86Avx512Vnni},
    {"x86_avx2", kAvx2, TernaryGemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, TernaryGemmArmNeonDot},
#endif
    {"portable", kNoFeatures, TernaryGemmPortable},
};

}  // namespace

void PackTernaryTile(size_t k, const int8_t* weights, uint8_t* tile) {
  for (size_t k0 = 0; k0 < k; k0 += kTernaryBlockK) {
    for (size_t r = 0; r < kTernaryTileRows; ++r) {
      const int8_t* w = weights + r * k + k0;
      for (size_t i = 0; i < 4; ++i) {
        const unsigned codes = static_cast<unsigned>(w[i] + 1) | static_cast<unsigned>(w[4 + i] + 1) << 2 |
                               static_cast<unsigned>(w[8 + i] + 1) << 4 |
                               static_cast<unsigned>(w[12 + i] + 1) << 6;
        *tile++ = static_cast<uint8_t>(codes);
      }
    }
  }
}

std::span<const TernaryGemmKernel> TernaryGemmKernels() { return kKernels; }

const TernaryGemmKernel& SelectTernaryGemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const TernaryGemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
