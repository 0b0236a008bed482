#include "kernels/row_gemv/row_gemv.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr size_t kBlockBytes = kRowBlockK / 4;

constexpr RowGemvKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, RowGemvX86Avx512Vnni},
    {"x86_avx2", kAvx2, RowGemvX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, RowGemvArmNeonDot},
#endif
    {"portable", kNoFeatures, RowGemvPortable},
};

}  // namespace

void PackRow(size_t k, const int8_t* weights, uint8_t* row) {
  for (size_t k0 = 0; k0 < k; k0 += kRowBlockK, row += kBlockBytes) {
    for (size_t i = 0; i < kBlockBytes; ++i) {
      unsigned codes = 0;
      for (size_t plane = 0; plane < 4; ++plane) {
        codes |= static_cast<unsigned>(weights[k0 + kBlockBytes * plane + i] + 1) << (2 * plane);
      }
      row[i] = static_cast<uint8_t>(codes);
    }
  }
}

std::span<const RowGemvKernel> RowGemvKernels() { return kKernels; }

const RowGemvKernel& SelectRowGemv(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const RowGemvKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
