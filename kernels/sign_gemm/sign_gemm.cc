#include "kernels/sign_gemm/sign_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr SignBitsGemmKernel kBinaryKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512popcnt", kAvx2 | kAvx512Vnni | kAvx512Popcnt, SignBinaryGemmX86Avx512Popcnt},
    {"x86_avx2", kAvx2, SignBinaryGemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, SignBinaryGemmArmNeonDot},
#endif
    {"portable", kNoFeatures, SignBinaryGemmPortable},
};

constexpr SignBitsGemmKernel kTernaryKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512popcnt", kAvx2 | kAvx512Vnni | kAvx512Popcnt, SignTernaryGemmX86Avx512Popcnt},
    {"x86_avx2", kAvx2, SignTernaryGemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, SignTernaryGemmArmNeonDot},
#endif
    {"portable", kNoFeatures, SignTernaryGemmPortable},
};

constexpr SignFloatGemmKernel kFloatKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, SignFloatGemmX86Avx512Vnni},
    {"x86_avx2", kAvx2, SignFloatGemmX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, SignFloatGemmArmNeonDot},
#endif
    {"portable", kNoFeatures, SignFloatGemmPortable},
};

template <typename Kernel>
const Kernel& Select(std::span<const Kernel> kernels, CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kernels, [=](const Kernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace

void PackSignTile(size_t k, const int8_t* weights, uint8_t* tile) {
  for (size_t k0 = 0; k0 < k; k0 += kSignBlockK) {
    for (size_t r = 0; r < kSignTileRows; ++r) {
      for (size_t j = 0; j < kSignBlockK; j += 8) {
        const int8_t* w = weights + r * k + k0 + j;
        unsigned bits = 0;
        for (size_t i = 0; i < 8; ++i) bits |= static_cast<unsigned>(w[i] > 0) << i;
        *tile++ = static_cast<uint8_t>(bits);
      }
    }
  }
}

std::span<const SignBitsGemmKernel> SignBinaryGemmKernels() { return kBinaryKernels; }
std::span<const SignBitsGemmKernel> SignTernaryGemmKernels() { return kTernaryKernels; }
std::span<const SignFloatGemmKernel> SignFloatGemmKernels() { return kFloatKernels; }

const SignBitsGemmKernel& SelectSignBinaryGemm(CpuFeatures have) {
  return Select(SignBinaryGemmKernels(), have);
}
const SignBitsGemmKernel& SelectSignTernaryGemm(CpuFeatures have) {
  return Select(SignTernaryGemmKernels(), have);
}
const SignFloatGemmKernel& SelectSignFloatGemm(CpuFeatures have) {
  return Select(SignFloatGemmKernels(), have);
}

}  // namespace bitnet
