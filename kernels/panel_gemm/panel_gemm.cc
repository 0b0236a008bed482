#include "kernels/panel_gemm/panel_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr PanelGemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni, UnpackPanelX86Avx512Vnni, MultiplyPanelX86Avx512Vnni,
     AddPanelGroupX86Avx512Vnni},
    {"x86_avx2", kAvx2, UnpackPanelX86Avx2, MultiplyPanelX86Avx2, AddPanelGroupX86Avx2},
#elif defined(__aarch64__)
    // What is not a matrix product is NEON's.
    {"arm_neoni8mm", kNeonDot | kNeonI8mm, UnpackPanelArmNeonI8mm, MultiplyPanelArmNeonI8mm,
     AddPanelGroupArmNeonDot},
    {"arm_neondot", kNeonDot, UnpackPanelArmNeonDot, MultiplyPanelArmNeonDot, AddPanelGroupArmNeonDot},
#endif
    {"portable", kNoFeatures, UnpackPanelPortable, MultiplyPanelPortable, AddPanelGroupPortable},
};

}  // namespace

std::span<const PanelGemmKernel> PanelGemmKernels() { return kKernels; }

const PanelGemmKernel& SelectPanelGemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const PanelGemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
