// The Metal kernels by name, and how a threadgroup of each is made: what a host must know to dispatch them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/metal/arguments.h"

namespace bitnet {

enum class MetalKernel : uint8_t {
  kAddRows,
  kAttendChunk,
  kBase3GatedGemv,
  kBase3Gemm,
  kBase3Gemv,
  kFloatGemv,
  kGateRows,
  kGrouped1BitGemm,
  kGrouped1BitGemv,
  kGrouped2BitGemm,
  kGrouped2BitGemv,
  kInt6Gemv,
  kJoinChunks,
  kNormHeads,
  kNormQuantize,
  kNormRow,
  kQuantizeBinary,
  kQuantizeGroups,
  kQuantizeTernary,
  kRotateStore,
  kRoundToBf16,
  kSignBinaryGemv,
  kSignFloatGemv,
  kSignTernaryGemv,
  kTernaryGatedGemv,
  kTernaryGemm,
  kTernaryGemv,
};

struct MetalKernelSpec {
  MetalKernel kernel;
  const char* name;
  uint32_t simdgroups;    // Of a threadgroup.
  uint32_t shared_bytes;  // Of its memory; 0: the kernel has no such parameter.
  uint32_t num_buffers;   // The last of which are its arguments.
};

inline constexpr MetalKernelSpec kMetalKernels[] = {
    {MetalKernel::kAddRows, "add_rows", gpu::kRowSimdgroups, 0, 3},
    {MetalKernel::kAttendChunk, "attend_chunk", gpu::kRowSimdgroups, gpu::kAttentionSharedBytes, 6},
    {MetalKernel::kBase3GatedGemv, "base3_gated_gemv", gpu::kGemvSimdgroups, gpu::kGemvSharedBytes, 6},
    {MetalKernel::kBase3Gemm, "base3_gemm", gpu::kGemmSimdgroups, gpu::kGemmSharedBytes, 6},
    {MetalKernel::kBase3Gemv, "base3_gemv", gpu::kGemvSimdgroups, gpu::kGemvSharedBytes, 6},
    {MetalKernel::kFloatGemv, "float_gemv", gpu::kHeadSimdgroups, 0, 4},
    {MetalKernel::kGateRows, "gate_rows", 1, 0, 3},
    {MetalKernel::kGrouped1BitGemm, "grouped_1bit_gemm", gpu::kGemmSimdgroups, gpu::kGemmSharedBytes, 7},
    {MetalKernel::kGrouped1BitGemv, "grouped_1bit_gemv", gpu::kGemvSimdgroups, gpu::kGroupedGemvSharedBytes,
     7},
    {MetalKernel::kGrouped2BitGemm, "grouped_2bit_gemm", gpu::kGemmSimdgroups, gpu::kGemmSharedBytes, 7},
    {MetalKernel::kGrouped2BitGemv, "grouped_2bit_gemv", gpu::kGemvSimdgroups, gpu::kGroupedGemvSharedBytes,
     7},
    {MetalKernel::kInt6Gemv, "int6_gemv", gpu::kHeadSimdgroups, gpu::kHeadSharedBytes, 7},
    {MetalKernel::kJoinChunks, "join_chunks", gpu::kJoinSimdgroups, 0, 4},
    {MetalKernel::kNormHeads, "norm_heads", 1, 0, 5},
    {MetalKernel::kNormQuantize, "norm_quantize", gpu::kRowSimdgroups, gpu::kRowSharedBytes, 7},
    {MetalKernel::kNormRow, "norm_row", gpu::kRowSimdgroups, gpu::kRowSharedBytes, 5},
    {MetalKernel::kQuantizeBinary, "quantize_binary", gpu::kRowSimdgroups, gpu::kRowSharedBytes, 4},
    {MetalKernel::kQuantizeGroups, "quantize_groups", gpu::kRowSimdgroups, 0, 5},
    {MetalKernel::kQuantizeTernary, "quantize_ternary", gpu::kRowSimdgroups, gpu::kRowSharedBytes, 6},
    {MetalKernel::kRotateStore, "rotate_store", 1, 0, 9},
    {MetalKernel::kRoundToBf16, "round_to_bf16", gpu::kRowSimdgroups, 0, 3},
    {MetalKernel::kSignBinaryGemv, "sign_binary_gemv", 1, 0, 6},
    {MetalKernel::kSignFloatGemv, "sign_float_gemv", gpu::kSignFloatSimdgroups, 0, 5},
    {MetalKernel::kSignTernaryGemv, "sign_ternary_gemv", 1, 0, 8},
    {MetalKernel::kTernaryGatedGemv, "ternary_gated_gemv", gpu::kGemvSimdgroups, gpu::kGemvSharedBytes, 6},
    {MetalKernel::kTernaryGemm, "ternary_gemm", gpu::kGemmSimdgroups, gpu::kGemmSharedBytes, 6},
    {MetalKernel::kTernaryGemv, "ternary_gemv", gpu::kGemvSimdgroups, gpu::kGemvSharedBytes, 6},
};

constexpr const MetalKernelSpec& SpecOf(MetalKernel kernel) {
  return kMetalKernels[static_cast<size_t>(kernel)];
}

}  // namespace bitnet
