#include "tests/kernels/metal/metal_kernels.h"

#include <cstdio>
#include <cstdlib>

// Last: its words for address spaces are macros.
#include "kernels/metal/all.metal"
#include "tests/kernels/metal/elementary.metal"

namespace bitnet {
namespace {

#define BITNET_KERNEL(name) emulation::MakeKernel<uint3, ::name>(#name)

const emulation::Kernel kKernels[] = {
    BITNET_KERNEL(add_rows),          BITNET_KERNEL(attend_chunk),
    BITNET_KERNEL(base3_gated_gemv),  BITNET_KERNEL(base3_gemm),
    BITNET_KERNEL(base3_gemv),        BITNET_KERNEL(elementary_softmax_exp),
    BITNET_KERNEL(float_gemv),        BITNET_KERNEL(gate_rows),
    BITNET_KERNEL(grouped_1bit_gemm), BITNET_KERNEL(grouped_1bit_gemv),
    BITNET_KERNEL(grouped_2bit_gemm), BITNET_KERNEL(grouped_2bit_gemv),
    BITNET_KERNEL(int6_gemv),         BITNET_KERNEL(join_chunks),
    BITNET_KERNEL(norm_heads),        BITNET_KERNEL(norm_quantize),
    BITNET_KERNEL(norm_row),          BITNET_KERNEL(quantize_binary),
    BITNET_KERNEL(quantize_groups),   BITNET_KERNEL(quantize_ternary),
    BITNET_KERNEL(rotate_store),      BITNET_KERNEL(round_to_bf16),
    BITNET_KERNEL(sign_binary_gemv),  BITNET_KERNEL(sign_float_gemv),
    BITNET_KERNEL(sign_ternary_gemv), BITNET_KERNEL(ternary_gated_gemv),
    BITNET_KERNEL(ternary_gemm),      BITNET_KERNEL(ternary_gemv),
};

}  // namespace

std::span<const emulation::Kernel> MetalKernels() { return kKernels; }

const emulation::Kernel& FindMetalKernel(std::string_view name) {
  for (const emulation::Kernel& found : kKernels) {
    if (found.name == name) return found;
  }
  std::fprintf(stderr, "there is no Metal kernel %.*s\n", static_cast<int>(name.size()), name.data());
  std::abort();
}

}  // namespace bitnet
