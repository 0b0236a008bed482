// 6-bit weights times int8 activations: y = (W x) * scales. Output heads, whose half-precision weights would
// be more than half of what a token reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Packed layout "6bit_r16k32". Rows come in tiles of 16, `k` in blocks of 32. One tile x block is 384 bytes
// of codes (weight + 32, weights -32 .. 31): their low halves in four registers of 64 bytes, then their high
// bits in two.
//   Byte 4*r + i of low register j (row r of the tile, i in [0, 4)) holds bits 3:0 of the codes of k offsets
//   8j + i (its low half) and 8j + 4 + i (its high half).
//   Byte 4*r + i of high register j holds bits 5:4 of those of k offsets 16j + 4p + i in bits 2p+1:2p.
// Two masks and an OR thus yield four consecutive k for each of 16 rows, as a 4-way int8 dot-product
// instruction wants them. A tile's blocks follow each other in k; tiles follow each other in rows.
//
// Each 16 neighbours of a row share a scale of 8 bits, which multiplies a scale of the row. Those of a block
// lie side by side: [tiles, k / 32, 16 rows, 2] int8. That is 6.5 bits a weight, as precise as Q6_K.
inline constexpr size_t kInt6TileRows = 16;
inline constexpr size_t kInt6BlockK = 32;
inline constexpr size_t kInt6BlockBytes = 384;
inline constexpr size_t kInt6Group = 16;
inline constexpr size_t kInt6BlockScales = 2 * kInt6TileRows;

// No sum of 127 * 32 * 127 * k may overflow.
inline constexpr size_t kInt6MaxK = 4160;

constexpr size_t Int6TileBytes(size_t k) { return k / kInt6BlockK * kInt6BlockBytes; }
constexpr size_t Int6TileScales(size_t k) { return k / kInt6BlockK * kInt6BlockScales; }

// Writes the codes of 32 weights, each -32 .. 31, of row `r` of a tile into its block at `block`, which has
// kInt6BlockBytes. Bytes of other rows are left alone.
void PackInt6Row(size_t r, const int8_t* weights, uint8_t* block);

// One call's operands.
//   w           `tiles` packed tiles of `k` columns each.
//   w_scale     [tiles, k / 32, 16, 2], -127 .. 127.
//   row_scale   [tiles * 16].
//   x           [batch, k] int8, -127 .. 127, rows `x_stride` elements apart.
//   x_minus8    [batch, k / 16] -8 times the sums of the int8 values of each group of x (codes are weight +
//   32;
//               this takes the 32 back out, 4 times 8), rows `x_minus8_stride` elements apart.
//   x_scale     [batch] what a step of x is worth.
//   y           [batch, tiles * 16] floats, rows `y_stride` elements apart.
struct Int6GemmArgs {
  size_t tiles;
  size_t k;      // A multiple of 32, at most kInt6MaxK.
  size_t batch;  // At least 1.
  const uint8_t* w;
  const int8_t* w_scale;
  const float* row_scale;
  const int8_t* x;
  size_t x_stride;
  const int16_t* x_minus8;
  size_t x_minus8_stride;
  const float* x_scale;
  float* y;
  size_t y_stride;
};

// y[b][r] = float(sum of w_scale * w * x) * (row_scale[r] * x_scale[b]). The sum is exact; its conversion,
// the product of the two scales and the last product round once each: every variant gives the same bits, for
// any batch. Reads and writes nothing outside the operands and assumes no alignment. Safe to call
// concurrently on disjoint y.
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
