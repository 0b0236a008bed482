#include "kernels/grouped_gemm/grouped_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr GroupedGemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, GroupedGemmX86Avx512Vnni},
    {"x86_avx2", kAvx2, GroupedGemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, GroupedGemmArmNeonDot},
#endif
    {"portable", kNoFeatures, GroupedGemmPortable},
};

}  // namespace

void PackGroupedTile(GroupedLayout layout, size_t k, const int8_t* weights, uint8_t* tile) {
  const bool one_bit = layout == GroupedLayout::k1Bit;
  const size_t planes = one_bit ? 8 : 4;
  for (size_t k0 = 0; k0 < k; k0 += 4 * planes) {
    for (size_t r = 0; r < kGroupedTileRows; ++r) {
      const int8_t* w = weights + r * k + k0;
      for (size_t i = 0; i < 4; ++i) {
        unsigned byte = 0;
        for (size_t p = 0; p < planes; ++p) {
          const int weight = w[4 * p + i];
          byte |=
              one_bit ? static_cast<unsigned>(weight > 0) << p : static_cast<unsigned>(weight + 1) << 2 * p;
        }
        *tile++ = static_cast<uint8_t>(byte);
      }
    }
  }
}

std::span<const GroupedGemmKernel> GroupedGemmKernels() { return kKernels; }

const GroupedGemmKernel& SelectGroupedGemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const GroupedGemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
