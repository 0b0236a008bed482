#include "kernels/base3_gemm/base3_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr Base3GemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, Base3GemmX86Avx512Vnni},
    {"x86_avx2", kAvx2, Base3GemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, Base3GemmArmNeonDot},
#endif
    {"portable", kNoFeatures, Base3GemmPortable},
};

}  // namespace

void PackBase3Tile(size_t k, const int8_t* weights, uint8_t* tile) {
  for (size_t k0 = 0; k0 < k; k0 += kBase3BlockK) {
    for (size_t r = 0; r < kBase3TileRows; ++r) {
      for (size_t i = 0; i < 4; ++i) {
        int value = 0;
        for (size_t digit = 0; digit < 5; ++digit) {
          const size_t at = k0 + 4 * digit + i;
          value = 3 * value + (at < k ? weights[r * k + at] : 0);
        }
        // Round to nearest by truncating a positive quotient: value / 243 is above -1/2.
        const int byte = (256 * (value + 243) + 121) / 243 - 256;
        *tile++ = static_cast<uint8_t>(byte);
      }
    }
  }
}

std::span<const Base3GemmKernel> Base3GemmKernels() { return kKernels; }

const Base3GemmKernel& SelectBase3Gemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const Base3GemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
