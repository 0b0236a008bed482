// Low-bit weights with one scale per group of a row, times int8 activations with one scale per group: the
// matrices of Bonsai (Q1_0, Q2_0), and of TQ1_0 and TQ2_0 files whose blocks have differing scales.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// How the weights are packed. Rows come in tiles of 16; a tile's blocks of k follow each other, tiles follow
// each other in rows, and one tile x block is 64 bytes.
enum class GroupedLayout : uint8_t {
  // "1bit_r16k32": weights -1 and +1, blocks of 32. Bit p of byte 4*r + i (row r of the tile, i in [0, 4)) is
  // 1 where the weight of k offset 4*p + i is +1. One mask of a 64-byte register thus yields four consecutive
  // k for each of 16 rows, as a 4-way int8 dot-product instruction wants them.
  k1Bit,
  // "2bit_r16k16", as in ternary_gemm.h, blocks of 16: bits 2p+1:2p of byte 4*r + i hold the code (weight +
  // 1)
  // of k offset 4*p + i. Here the fourth code is a weight too: +2.
  k2Bit,
};

inline constexpr size_t kGroupedTileRows = 16;

constexpr size_t GroupedBlockK(GroupedLayout layout) { return layout == GroupedLayout::k1Bit ? 32 : 16; }
constexpr size_t GroupedTileBytes(GroupedLayout layout, size_t k) { return k / GroupedBlockK(layout) * 64; }

// Packs one tile. `weights` is [16, k] row-major, each -1 or +1 (anything above 0 counts as +1) for k1Bit,
// -1, 0, +1 or +2 for k2Bit; rows that the matrix does not have may be any of these, since their scales are
// 0. `k` is a multiple of GroupedBlockK(layout); `tile` receives GroupedTileBytes(layout, k) bytes.
void PackGroupedTile(GroupedLayout layout, size_t k, const int8_t* weights, uint8_t* tile);

// One call's operands.
//   w        `tiles` packed tiles of `k` columns each.
//   w_scale  [tiles, k / group, 16] half-precision bits: the scales of a tile's rows in each group; finite, 0
//            in rows that the matrix does not have.
//   x        [batch, k] int8, rows `x_stride` elements apart.
//   x_sum    [batch, k / group] sums of the int8 values of each group of x, without gaps.
//   x_inv    [batch, k / group] what one step of a group's int8 values is worth (absmax / 127), without gaps.
//   y        [batch, tiles * 16] floats, rows `y_stride` elements apart.
struct GroupedGemmArgs {
  GroupedLayout layout;
  size_t tiles;
  size_t k;      // A multiple of `group`.
  size_t group;  // A multiple of GroupedBlockK(layout), below 2^18 so that no int32 sum can overflow.
  size_t batch;  // At least 1.
  const uint8_t* w;
  const uint16_t* w_scale;
  const int8_t* x;
  size_t x_stride;
  const int32_t* x_sum;
  const float* x_inv;
  float* y;
  size_t y_stride;
};

// y[b][r] is +0, to which the groups g, ascending, are added by one fused multiply-add each:
//   acc = fma(float(sum of w * x in g), w_scale[r, g] * x_inv[b, g], acc)
// where the sum is exact, its conversion and the product of the scales round once each, and halves widen
// exactly. Every variant gives the same bits, for any batch. Reads and writes nothing outside the operands
// and assumes no alignment. Safe to call concurrently on disjoint y.
using GroupedGemm = void(const GroupedGemmArgs& args);

struct GroupedGemmKernel {
  const char* name;
  CpuFeatures needs;
  GroupedGemm* run;
};

std::span<const GroupedGemmKernel> GroupedGemmKernels();
const GroupedGemmKernel& SelectGroupedGemm(CpuFeatures have);

GroupedGemm GroupedGemmPortable, GroupedGemmX86Avx2, GroupedGemmX86Avx512Vnni, GroupedGemmArmNeonDot;

}  // namespace bitnet
