// Whole products by panels: the same functions, and bits, as ternary_gemm, base3_gemm and grouped_gemm.
#pragma once

#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/grouped_gemm/grouped_gemm.h"
#include "kernels/panel_gemm/panel_gemm.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {

// Need 19 KiB of stack.
void TernaryPanelGemm(const PanelGemmKernel& kernel, const TernaryGemmArgs& args);
void Base3PanelGemm(const PanelGemmKernel& kernel, const Base3GemmArgs& args);
void GroupedPanelGemm(const PanelGemmKernel& kernel, const GroupedGemmArgs& args);

}  // namespace bitnet
