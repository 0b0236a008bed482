// Ternary weights times int8 activations: y = (W x) * factor, for one or many columns x.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Packed layout "2bit_r16k16". Rows come in tiles of 16, `k` in blocks of 16. One tile x block is 64 bytes:
// byte 4*r + i (row r of the tile, i in [0, 4)) holds the codes (weight + 1, in 0..2) of k offsets
// i, 4+i, 8+i and 12+i in bits 1:0, 3:2, 5:4 and 7:6. One shift and one mask of a 64-byte register thus
// yield four consecutive k for each of 16 rows, as a 4-way int8 dot-product instruction wants them.
// A tile's blocks follow each other in k; tiles follow each other in rows.
inline constexpr size_t kTernaryTileRows = 16;
inline constexpr size_t kTernaryBlockK = 16;

constexpr size_t TernaryTileBytes(size_t k) { return kTernaryTileRows * k / 4; }

// Packs one tile. `weights` is [16, k] row-major, each -1, 0 or +1; rows that the matrix does not have are
// given as zeros. `k` is a multiple of 16; `tile` receives TernaryTileBytes(k) bytes.
void PackTernaryTile(size_t k, const int8_t* weights, uint8_t* tile);

// One call's operands.
//   w       `tiles` packed tiles of `k` columns each.
//   x       [batch, k] int8, rows `x_stride` elements apart.
//   x_sum   [batch] sums of the int8 values of each x row (codes are weight + 1; this takes the 1 back out).
//   factor  [batch] weight scale / activation scale of each x row.
//   y       [batch, tiles * 16] floats, rows `y_stride` elements apart: float(sum of w*x) * factor.
struct TernaryGemmArgs {
  size_t tiles;
  size_t k;      // A multiple of 16, below 2^22 so that no int32 sum can overflow.
  size_t batch;  // At least 1.
  const uint8_t* w;
  const int8_t* x;
  size_t x_stride;
  const int32_t* x_sum;
  const float* factor;
  float* y;
  size_t y_stride;
};

// Reads and writes nothing outside the operands and assumes no alignment. Integer sums are exact, then one
// int-to-float conversion and one multiplication round: every variant gives the same bits, for any batch.
// Safe to call concurrently on disjoint y.
using TernaryGemm = void(const TernaryGemmArgs& args);

struct TernaryGemmKernel {
  const char* name;   // The file that defines it; shown by tests, bench, logs.
  CpuFeatures needs;  // `run` may be called only where all of these are present.
  TernaryGemm* run;
};

// Every variant in this binary, fastest first; "portable" is last and needs nothing.
std::span<const TernaryGemmKernel> TernaryGemmKernels();
const TernaryGemmKernel& SelectTernaryGemm(CpuFeatures have);

// Variants, one per file in this folder. Reach them through the table.
TernaryGemm TernaryGemmPortable, TernaryGemmX86Avx2, TernaryGemmX86Avx512Vnni, TernaryGemmArmNeonDot;

}  // namespace bitnet
