#include "kernels/int6_gemm/int6_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr Int6GemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, Int6GemmX86Avx512Vnni},
    {"x86_avx2", kAvx2, Int6GemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, Int6GemmArmNeonDot},
#endif
    {"portable", kNoFeatures, Int6GemmPortable},
};

// Of code (weight + 32).
unsigned LowBits(int8_t weight) { return static_cast<unsigned>(weight + 32) & 15; }
unsigned HighBits(int8_t weight) { return static_cast<unsigned>(weight + 32) >> 4; }

}  // namespace

void PackInt6Row(size_t r, const int8_t* weights, uint8_t* block) {
  for (size_t i = 0; i < 4; ++i) {
    uint8_t* out = block + 4 * r + i;
    for (size_t j = 0; j < 4; ++j) {
      out[64 * j] = static_cast<uint8_t>(LowBits(weights[8 * j + i]) | LowBits(weights[8 * j + 4 + i]) << 4);
    }
    for (size_t j = 0; j < 2; ++j) {
      unsigned high = 0;
      for (size_t p = 0; p < 4; ++p) {
        high |= HighBits(weights[16 * j + 4 * p + i]) << 2 * p;
      }
      out[64 * (4 + j)] = static_cast<uint8_t>(high);
    }
  }
}

std::span<const Int6GemmKernel> Int6GemmKernels() { return kKernels; }

const Int6GemmKernel& SelectInt6Gemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const Int6GemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
