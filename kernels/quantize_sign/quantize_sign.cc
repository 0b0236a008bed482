#include "kernels/quantize_sign/quantize_sign.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr QuantizeBinaryKernel kBinaryKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, QuantizeBinaryX86Avx512Vnni},
    {"x86_avx2", kAvx2, QuantizeBinaryX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, QuantizeBinaryArmNeonDot},
#endif
    {"portable", kNoFeatures, QuantizeBinaryPortable},
};

constexpr QuantizeTernaryKernel kTernaryKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, QuantizeTernaryX86Avx512Vnni},
    {"x86_avx2", kAvx2, QuantizeTernaryX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, QuantizeTernaryArmNeonDot},
#endif
    {"portable", kNoFeatures, QuantizeTernaryPortable},
};

constexpr RoundToBf16Kernel kBf16Kernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, RoundToBf16X86Avx512Vnni},
    {"x86_avx2", kAvx2, RoundToBf16X86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, RoundToBf16ArmNeonDot},
#endif
    {"portable", kNoFeatures, RoundToBf16Portable},
};

template <typename Kernel>
const Kernel& Select(std::span<const Kernel> kernels, CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kernels, [=](const Kernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace

std::span<const QuantizeBinaryKernel> QuantizeBinaryKernels() { return kBinaryKernels; }
std::span<const QuantizeTernaryKernel> QuantizeTernaryKernels() { return kTernaryKernels; }
std::span<const RoundToBf16Kernel> RoundToBf16Kernels() { return kBf16Kernels; }

const QuantizeBinaryKernel& SelectQuantizeBinary(CpuFeatures have) {
  return Select(QuantizeBinaryKernels(), have);
}
const QuantizeTernaryKernel& SelectQuantizeTernary(CpuFeatures have) {
  return Select(QuantizeTernaryKernels(), have);
}
const RoundToBf16Kernel& SelectRoundToBf16(CpuFeatures have) { return Select(RoundToBf16Kernels(), have); }

}  // namespace bitnet
