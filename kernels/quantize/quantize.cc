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

}  // namespace

std::span<const QuantizeInt8Kernel> QuantizeInt8Kernels() { return kKernels; }

const QuantizeInt8Kernel& SelectQuantizeInt8(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const QuantizeInt8Kernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
