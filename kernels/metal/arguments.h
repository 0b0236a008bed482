// What the host tells the kernels: read as C++ by the one and as Metal Shading Language by the others.
// Members are ordered so that no compiler pads them.
#pragma once

#if defined(__METAL_VERSION__)
#include "kernels/metal/prelude.metal"
#define BITNET_GPU_CONSTANT static constant constexpr
#else
#include <cstdint>
#define BITNET_GPU_CONSTANT inline constexpr
#endif

namespace bitnet {
namespace gpu {

#if !defined(__METAL_VERSION__)
using uint = uint32_t;
using ulong = uint64_t;
#endif

BITNET_GPU_CONSTANT uint kSimdLanes = 32;
BITNET_GPU_CONSTANT uint kTileRows = 16;
BITNET_GPU_CONSTANT uint kTileBlockBytes = 64;

// Sums of codes times int8 are kept in floats, which hold integers up to 2^24 exactly: 2 * 128 * 2^16.
BITNET_GPU_CONSTANT uint kMaxK = 65536;

// --- products of packed matrices and int8 activations (tile_gemv.metal, tile_gemm.metal)

// A threadgroup of a GEMV has two tiles, and eight lanes share the k of each of their rows: rows that share
// what is loaded of x, and still 80 threadgroups of a matrix of 2560 rows, some for every core of any chip.
BITNET_GPU_CONSTANT uint kGemvSimdgroups = 4;
BITNET_GPU_CONSTANT uint kGemvTiles = 2;

// A threadgroup of a GEMM has 4 tiles by 32 columns, a quarter of them for each SIMD group.
BITNET_GPU_CONSTANT uint kGemmSimdgroups = 4;
BITNET_GPU_CONSTANT uint kGemmTiles = 4;
BITNET_GPU_CONSTANT uint kGemmColumns = 32;

// A matrix of a dispatch.
struct Projection {
  ulong w;        // Where its tiles begin among the weights, in bytes: a multiple of 4.
  ulong w_scale;  // Of kernels with a scale for each group or row: where they begin, in elements.
  ulong y;        // Where its products begin, in floats.
  uint tiles;
  uint y_stride;  // From one column's products to the next one's.
  float scale;    // Of all weights, in kernels with one scale.
  uint unused;
};

// Up to three matrices of the same layout and k, times the same columns. Threadgroups are dealt out to them
// in turn.
struct ProductArguments {
  uint k;         // At most kMaxK.
  uint x_stride;  // In elements: a multiple of 4.
  uint batch;
  uint group;       // Weights with a scale in common, in layouts that have groups.
  uint activation;  // Of gated kernels.
  uint num_projections;
  Projection projections[3];
};

BITNET_GPU_CONSTANT uint kSquaredRelu = 0;
BITNET_GPU_CONSTANT uint kSilu = 1;

// Threadgroup memory. A GEMM's is for a step's operands, at most 96 rows of 40 halves, and then for its
// products.
BITNET_GPU_CONSTANT uint kGemvSharedBytes = kGemvSimdgroups * kSimdLanes * 4;
BITNET_GPU_CONSTANT uint kGemmSharedBytes = kGemmTiles * kTileRows * kGemmColumns * 4;

}  // namespace gpu
}  // namespace bitnet
