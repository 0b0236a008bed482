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

// Groups of a row whose sums wait at once for those before them. 16 KiB: two threadgroups fit a core's 32.
BITNET_GPU_CONSTANT uint kGroupsAtOnce = 128;

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
  float scale;    // Of all weights.
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
BITNET_GPU_CONSTANT uint kGroupedGemvSharedBytes = kGroupsAtOnce * kSimdLanes * 4;
BITNET_GPU_CONSTANT uint kGemmSharedBytes = kGemmTiles * kTileRows * kGemmColumns * 4;

// --- one-bit weights (sign_gemv.metal)

BITNET_GPU_CONSTANT uint kSignRows = 8;
BITNET_GPU_CONSTANT uint kSignFloatSimdgroups = 4;  // Two rows of a tile each.

struct SignArguments {
  uint k;         // A multiple of 64.
  uint x_stride;  // Of floats.
  uint y_stride;
  float scale;  // Of all weights.
};

// --- rows of activations (norm_rows.metal, quantize_rows.metal, gate_rows.metal)

BITNET_GPU_CONSTANT uint kRowSimdgroups = 8;
BITNET_GPU_CONSTANT uint kRowSharedBytes = kRowSimdgroups * 4;

struct RowArguments {
  uint n;
  uint padded_n;  // Of int8 rows, which go on with zeros up to here: a multiple of 20 for base-3 weights.
  uint group;
  uint adds;   // 1: something is added to x first.
  uint norms;  // 0: x goes on as it is.
  uint x_stride;
  uint addend_stride;
  uint q_stride;  // Of what is made of x.
  float eps;
};

struct GateArguments {
  uint n;
  uint activation;
};

// --- norms of heads (norm_heads.metal)

struct HeadNormArguments {
  uint head_dim;
  uint num_heads;  // Of queries.
  uint query_stride;
  uint kv_stride;
  float eps;
};

// --- keys, values and attention (rotate_store.metal, attention.metal)

BITNET_GPU_CONSTANT uint kKvF16 = 0;
BITNET_GPU_CONSTANT uint kKvF32 = 1;
BITNET_GPU_CONSTANT uint kKvInt8 = 2;
BITNET_GPU_CONSTANT uint kKvTileTokens = 16;
BITNET_GPU_CONSTANT uint kAttentionChunk = 256;  // A lane for each key: kRowSimdgroups SIMD groups.
BITNET_GPU_CONSTANT uint kPartialHeader = 16;
BITNET_GPU_CONSTANT uint kAttentionSharedBytes = (kAttentionChunk + kRowSimdgroups) * 4;
BITNET_GPU_CONSTANT uint kJoinSimdgroups = 4;

struct TokenPlace {
  uint position;  // Of its sequence.
  uint table;     // Where its sequence's blocks are listed.
};

struct AttentionArguments {
  ulong block_bytes;
  ulong tile_offset;  // Of the layer's first head in a block.
  uint tile_bytes;
  uint kv_type;
  uint head_dim;
  uint num_heads;
  uint num_kv_heads;
  uint pairs_are_neighbours;  // 1: RoPE turns elements 2i and 2i + 1; 0: i and i + head_dim / 2.
  uint query_stride;
  uint kv_stride;
  uint num_chunks;    // For which partials have room, of each query.
  uint partial_size;  // In floats.
  float scale;        // Of scores.
  uint unused;
};

// --- output heads (head_gemv.metal)

BITNET_GPU_CONSTANT uint kWeightF16 = 0;
BITNET_GPU_CONSTANT uint kWeightBf16 = 1;
BITNET_GPU_CONSTANT uint kWeightF32 = 2;
BITNET_GPU_CONSTANT uint kHeadSimdgroups = 4;
BITNET_GPU_CONSTANT uint kHeadSharedBytes = kHeadSimdgroups * kSimdLanes * 4;

struct HeadArguments {
  uint rows;
  uint k;
  uint type;
  uint x_stride;
  uint y_stride;
  float scale;  // Of all weights.
};

}  // namespace gpu
}  // namespace bitnet
