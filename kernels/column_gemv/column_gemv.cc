#include "kernels/column_gemv/column_gemv.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr ColumnGemvKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, ColumnGemvX86Avx512Vnni},
    {"x86_avx2", kAvx2, ColumnGemvX86Avx2},
#elif defined(__aarch64__)
    {"arm_neondot", kNeonDot, ColumnGemvArmNeonDot},
#endif
    {"portable", kNoFeatures, ColumnGemvPortable},
};

}  // namespace

std::span<const ColumnGemvKernel> ColumnGemvKernels() { return kKernels; }

const ColumnGemvKernel& SelectColumnGemv(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const ColumnGemvKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
