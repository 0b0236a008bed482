#include "kernels/quantize/quantize.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr QuantizeInt8Kernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, QuantizeInt8X86Avx512Vnni},
    {"x86_avx2", kAvx2, QuantizeInt8X86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, QuantizeInt8ArmNeonDot},
#endif
    {"portable", kNoFeatures, QuantizeInt8Portable},
};

constexpr QuantizeInt8GroupsKernel kGroupsKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, QuantizeInt8GroupsX86Avx512Vnni},
    {"x86_avx2", kAvx2, QuantizeInt8GroupsX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, QuantizeInt8GroupsArmNeonDot},
#endif
    {"portable", kNoFeatures, QuantizeInt8GroupsPortable},
};

// The last entry needs nothing, so one is always found.
template <typename Kernel, size_t kSize>
const Kernel& First(const Kernel (&kernels)[kSize], CpuFeatures have) {
  return *std::ranges::find_if(kernels, [=](const Kernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace

std::span<const QuantizeInt8Kernel> QuantizeInt8Kernels() { return kKernels; }

std::span<const QuantizeInt8GroupsKernel> QuantizeInt8GroupsKernels() { return kGroupsKernels; }

const QuantizeInt8Kernel& SelectQuantizeInt8(CpuFeatures have) { return First(kKernels, have); }

const QuantizeInt8GroupsKernel& SelectQuantizeInt8Groups(CpuFeatures have) {
  return First(kGroupsKernels, have);
}

}  // namespace bitnet
