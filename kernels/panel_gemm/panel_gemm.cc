#include "kernels/panel_gemm/panel_gemm.h"

#include <algorithm>

namespace bitnet {
namespace {

// Measured on Zen 3 for AVX2, in which 16 columns of 2 bits run at 95 G multiply-adds a second from registers
// and 75 from a panel, 96 at 100 from either. The others are guesses from the instructions that unpack.
constexpr PanelGemmKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni",
     kAvx2 | kAvx512Vnni,
     UnpackPanelX86Avx512Vnni,
     MultiplyPanelX86Avx512Vnni,
     AddPanelGroupX86Avx512Vnni,
     {16, 9, 16}},
    {"x86_avx2", kAvx2, UnpackPanelX86Avx2, MultiplyPanelX86Avx2, AddPanelGroupX86Avx2, {48, 9, 48}},
#elif defined(__aarch64__)
    // What is not a matrix product is NEON's.
    {"arm_neoni8mm",
     kNeonDot | kNeonI8mm,
     UnpackPanelArmNeonI8mm,
     MultiplyPanelArmNeonI8mm,
     AddPanelGroupArmNeonDot,
     {8, 8, 8}},
    {"arm_neondot",
     kNeonDot,
     UnpackPanelArmNeonDot,
     MultiplyPanelArmNeonDot,
     AddPanelGroupArmNeonDot,
     {16, 9, 16}},
#endif
    {"portable", kNoFeatures, UnpackPanelPortable, MultiplyPanelPortable, AddPanelGroupPortable, {9, 9, 9}},
};

}  // namespace

std::span<const PanelGemmKernel> PanelGemmKernels() { return kKernels; }

const PanelGemmKernel& SelectPanelGemm(CpuFeatures have) {
  // The last entry needs nothing, so one is always found.
  return *std::ranges::find_if(kKernels,
                               [=](const PanelGemmKernel& kernel) { return Covers(have, kernel.needs); });
}

}  // namespace bitnet
