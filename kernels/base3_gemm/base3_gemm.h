// Ternary weights, five in a byte (1.6 bits each), times int8 activations: y = (W x) * factor. The same
// function as ternary_gemm, which reads 2 bits a weight and unpacks them faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Packed layout "base3_r16k20". Rows come in tiles of 16, `k` in blocks of 20. One tile x block is 64 bytes:
// byte 4*r + i (row r of the tile, i in [0, 4)) holds the weights w0 .. w4 of k offsets i, 4+i, 8+i, 12+i and
// 16+i. A tile's blocks follow each other in k; tiles follow each other in rows. Where 20 does not divide k,
// the last block is filled up with weights 0.
//
// The byte is the signed number nearest to 256 * V / 243 with V = 81*w0 + 27*w1 + 9*w2 + 3*w3 + w4: a
// balanced ternary fraction in units of 1/256 (never half-way between two, and within -127 .. 127). Three
// times a byte b moves the point by one digit:
//   3 * b = 256 * w0 + b'     with b' in [-128, 127], the low byte of 3 * b, which holds w1 .. w4 in turn.
// The rounding grows to at most 3^5 / 2 = 121.5 and so never reaches a digit. As 256 * w is linear in b and
// b', a dot product may be taken of the bytes themselves, without finding their digits:
//   256 * sum of w*x = 3 * (sum of b*x) - (sum of b'*x).
inline constexpr size_t kBase3TileRows = 16;
inline constexpr size_t kBase3BlockK = 20;

constexpr size_t Base3PaddedK(size_t k) { return (k + kBase3BlockK - 1) / kBase3BlockK * kBase3BlockK; }
constexpr size_t Base3TileBytes(size_t k) { return Base3PaddedK(k) / kBase3BlockK * 64; }

// Packs one tile. `weights` is [16, k] row-major, each -1, 0 or +1; rows that the matrix does not have are
// given as zeros. `tile` receives Base3TileBytes(k) bytes.
void PackBase3Tile(size_t k, const int8_t* weights, uint8_t* tile);

// One call's operands.
//   w       `tiles` packed tiles of `k` columns each.
//   x       [batch, Base3PaddedK(k)] int8, zeros from k on, rows `x_stride` elements apart.
//   x_sum   [batch] sums of the int8 values of each x row.
//   factor  [batch] weight scale / activation scale of each x row.
//   y       [batch, tiles * 16] floats, rows `y_stride` elements apart: float(sum of w*x) * factor.
struct Base3GemmArgs {
  size_t tiles;
  size_t k;      // Below 2^22 so that no int32 sum can overflow.
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
// int-to-float conversion and one multiplication round: every variant gives the same bits, for any batch, and
// the bits of ternary_gemm. Safe to call concurrently on disjoint y.
using Base3Gemm = void(const Base3GemmArgs& args);

struct Base3GemmKernel {
  const char* name;
  CpuFeatures needs;
  Base3Gemm* run;
};

std::span<const Base3GemmKernel> Base3GemmKernels();
const Base3GemmKernel& SelectBase3Gemm(CpuFeatures have);

Base3Gemm Base3GemmPortable, Base3GemmX86Avx2, Base3GemmX86Avx512Vnni, Base3GemmArmNeonDot;

}  // namespace bitnet
