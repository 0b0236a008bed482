// 6-bit weights times int8 activations, both with a scale for each 32 neighbours of a row: output heads,
// whose half-precision weights would be more than half of what a token reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Packed layout "6bit_r16k32". Rows come in tiles of 16, `k` in groups of 32. One tile x group is 384 bytes
// of codes (weight + 32, weights -32 .. 31): their low halves in four registers of 64 bytes, then their high
// bits in two.
//   Byte 4*r + i of low register j (row r of the tile, i in [0, 4)) holds bits 3:0 of the codes of k offsets
//   8j + i (its low half) and 8j + 4 + i (its high half).
//   Byte 4*r + i of high register j holds bits 5:4 of those of k offsets 16j + 4p + i in bits 2p+1:2p.
// Two masks and an OR thus yield four consecutive k for each of 16 rows, as a 4-way int8 dot-product
// instruction wants them. A tile's groups follow each other in k; tiles follow each other in rows. With the
// scales that is 6.5 bits a weight.
inline constexpr size_t kInt6TileRows = 16;
inline constexpr size_t kInt6Group = 32;
inline constexpr size_t kInt6GroupBytes = 384;

constexpr size_t Int6TileBytes(size_t k) { return k / kInt6Group * kInt6GroupBytes; }

// Packs one tile. `weights` is [16, k] row-major, each -32 .. 31; `k` is a multiple of 32; `tile` receives
// Int6TileBytes(k) bytes.
void PackInt6Tile(size_t k, const int8_t* weights, uint8_t* tile);

// One call's operands.
//   w        `tiles` packed tiles of `k` columns each.
//   w_scale  [tiles, k / 32, 16] half-precision bits: the scales of a tile's rows in each group; finite, 0 in
//            rows that the matrix does not have.
//   x        [batch, k] int8, rows `x_stride` elements apart.
//   x_sum    [batch, k / 32] sums of the int8 values of each group of x, without gaps.
//   x_inv    [batch, k / 32] what one step of a group's int8 values is worth (absmax / 127), without gaps.
//   y        [batch, tiles * 16] floats, rows `y_stride` elements apart.
struct Int6GemmArgs {
  size_t tiles;
  size_t k;      // A multiple of 32.
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
// where sum and conversion are exact (below 2^18), the product of the scales rounds once, and halves widen
// exactly. Every variant gives the same bits, for any batch. Reads and writes nothing outside the operands
// and assumes no alignment. Safe to call concurrently on disjoint y.
using Int6Gemm = void(const Int6GemmArgs& args);

struct Int6GemmKernel {
  const char* name;   // The file that defines it; shown by tests, bench, logs.
  CpuFeatures needs;  // `run` may be called only where all of these are present.
  Int6Gemm* run;
};

// Every variant in this binary, fastest first; "portable" is last and needs nothing.
std::span<const Int6GemmKernel> Int6GemmKernels();
const Int6GemmKernel& SelectInt6Gemm(CpuFeatures have);

// Variants, one per file in this folder. Reach them through the table.
Int6Gemm Int6GemmPortable, Int6GemmX86Avx2, Int6GemmX86Avx512Vnni, Int6GemmArmNeonDot;

}  // namespace bitnet
