// One-bit weights times activations of one bit, of one trit or in bfloat16: y = (W x) * scales, for one or
// many columns x.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Packed layout "1bit_r8k64". Rows come in tiles of 8, `k` in blocks of 64. One tile x block is 64 bytes, a
// 512-bit register: row r of the tile has bytes 8r .. 8r+7, and weight j of the block is bit j % 8 of byte
// 8r + j/8, so a little-endian 64-bit word per row with weight j in bit j. 1 is +1, 0 is -1. A tile's blocks
// follow each other in k; tiles follow each other in rows. Rows that the matrix does not have are zero bits.
//
// A weight is its sign times the scale of its row. The data of a GGUF tensor of type Q1_K (1024), dims {k,
// rows} with k a multiple of 64, is, all little-endian:
//
//   tiles   [ceil(rows / 8)] of 8 * k / 8 bytes
//   scales  [ceil(rows / 8) * 8] of float32, 0 for rows that are not there
//   footer  64 bytes: float32 1.0, uint32 0, uint32 1 (the version), and 52 zeros
//
// hence ceil(rows / 8) * (k + 32) + 64 bytes. What such weights are multiplied with is the model's affair,
// said by its key `bitnet.activations`: "binary", "ternary" or "bf16" (kernels/quantize_sign).
inline constexpr size_t kSignTileRows = 8;
inline constexpr size_t kSignBlockK = 64;

constexpr size_t SignTileBytes(size_t k) { return kSignTileRows * k / 8; }

// Packs one tile. `weights` is [8, k] row-major, each -1 or +1; rows that the matrix does not have are given
// as -1. `k` is a multiple of 64; `tile` receives SignTileBytes(k) bytes.
void PackSignTile(size_t k, const int8_t* weights, uint8_t* tile);

// One call's operands, for activations that are bits. Planes are words of which bit j of word i stands for
// element 64 i + j, as kernels/quantize_sign writes them.
//   w          `tiles` packed tiles of `k` columns each.
//   row_scale  [tiles * 8].
//   plus       [batch, k / 64] words, rows `x_stride` words apart: 1 where x is +1.
//   minus      The same for x of -1. Only SignTernaryGemm reads it; a bit is set in one plane at most.
//   nonzero    [batch] how many bits of both planes are set. Only SignTernaryGemm reads it.
//   x_scale    [batch].
//   y          [batch, tiles * 8] floats, rows `y_stride` elements apart.
struct SignGemmArgs {
  size_t tiles;
  size_t k;      // A multiple of 64, at most 2^30.
  size_t batch;  // At least 1.
  const uint8_t* w;
  const float* row_scale;
  const uint64_t* plus;
  const uint64_t* minus;
  size_t x_stride;
  const int32_t* nonzero;
  const float* x_scale;
  float* y;
  size_t y_stride;
};

// y[b][r] = float(dot) * (row_scale[r] * x_scale[b]). The dot product is an exact integer; its conversion
// rounds (from 2^24 on), the product of the two scales rounds, and the last product rounds.
//
//   binary   x is +1 or -1 (the plane `plus` alone): dot = k - 2 * popcount(w ^ plus).
//   ternary  x is +1, 0 or -1: dot = nonzero - 2 * popcount(w ? minus : plus), since exactly the bits of the
//            plane chosen are products of -1. It equals 2 * (popcount(w & plus) - popcount(w & minus)) -
//            (popcount(plus) - popcount(minus)), with one popcount instead of two.
//
// Reads and writes nothing outside the operands and assumes no alignment of w, scales and y. Every variant
// gives the same bits, for any batch. Safe to call concurrently on disjoint y.
using SignBinaryGemm = void(const SignGemmArgs& args);
using SignTernaryGemm = void(const SignGemmArgs& args);

// One call's operands, for float activations.
//   w          `tiles` packed tiles of `k` columns each.
//   row_scale  [tiles * 8].
//   x          [batch, k] floats, rows `x_stride` elements apart; rounded to bfloat16 where the model says
//   so. y          [batch, tiles * 8] floats, rows `y_stride` elements apart.
struct SignFloatGemmArgs {
  size_t tiles;
  size_t k;      // A multiple of 64.
  size_t batch;  // At least 1.
  const uint8_t* w;
  const float* row_scale;
  const float* x;
  size_t x_stride;
  float* y;
  size_t y_stride;
};

// y[b][r] = row_scale[r] * dot, where dot is summed in the 16 interleaved lanes of float_gemm.h: lane j
// starts at +0 and takes +x[i] or -x[i], by the weight's sign, for i = j, j+16, ... by float addition; then
// lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1. Otherwise as above.
using SignFloatGemm = void(const SignFloatGemmArgs& args);

template <typename Run>
struct SignGemmKernel {
  const char* name;   // The file that defines it; shown by tests, bench, logs.
  CpuFeatures needs;  // `run` may be called only where all of these are present.
  Run* run;
};
using SignBitsGemmKernel = SignGemmKernel<void(const SignGemmArgs&)>;
using SignFloatGemmKernel = SignGemmKernel<SignFloatGemm>;

// Every variant in this binary, fastest first; "portable" is last and needs nothing. Those of the bit planes
// have one more than the ladder of cpu_features.h: counting bits is an extension of its own, and where
// AVX-512 lacks it AVX2 is as fast as what AVX-512 could do instead.
std::span<const SignBitsGemmKernel> SignBinaryGemmKernels();
std::span<const SignBitsGemmKernel> SignTernaryGemmKernels();
std::span<const SignFloatGemmKernel> SignFloatGemmKernels();
const SignBitsGemmKernel& SelectSignBinaryGemm(CpuFeatures have);
const SignBitsGemmKernel& SelectSignTernaryGemm(CpuFeatures have);
const SignFloatGemmKernel& SelectSignFloatGemm(CpuFeatures have);

// Variants, one file per instruction set in this folder. Reach them through the tables.
SignBinaryGemm SignBinaryGemmPortable, SignBinaryGemmX86Avx2, SignBinaryGemmX86Avx512Popcnt,
    SignBinaryGemmArmNeonDot;
SignTernaryGemm SignTernaryGemmPortable, SignTernaryGemmX86Avx2, SignTernaryGemmX86Avx512Popcnt,
    SignTernaryGemmArmNeonDot;
SignFloatGemm SignFloatGemmPortable, SignFloatGemmX86Avx2, SignFloatGemmX86Avx512Vnni,
    SignFloatGemmArmNeonDot;

}  // namespace bitnet
