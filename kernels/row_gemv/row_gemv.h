// Some rows of a ternary matrix times one int8 column: y[r] = (w_r x) * factor for the rows r of a list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Packed layout "2bit_k128": a row lies in one piece, so that a row left out is not read. `k` comes in blocks
// of 128, 32 bytes each: bits 2p+1:2p of byte i hold the code (weight + 1, in 0..2) of k offset 32p + i.
inline constexpr size_t kRowBlockK = 128;

constexpr size_t PackedRowBytes(size_t k) { return k / 4; }

// Packs one row of `k` weights, each -1, 0 or +1. `k` is a multiple of 128; `row` receives PackedRowBytes(k)
// bytes.
void PackRow(size_t k, const int8_t* weights, uint8_t* row);

// One call's operands.
//   rows    [num_rows] which, in any order.
//   w       packed rows of `k` columns each; row r begins at r * PackedRowBytes(k).
//   x       [k] int8.
//   x_sum   The sum of x (codes are weight + 1; this takes the 1 back out).
//   factor  Weight scale / activation scale.
//   y       Receives y[r] for r in `rows`; other elements stay as they are.
struct RowGemvArgs {
  size_t num_rows;
  const uint32_t* rows;
  size_t k;  // A multiple of 128, below 2^22 so that no int32 sum can overflow.
  const uint8_t* w;
  const int8_t* x;
  int32_t x_sum;
  float factor;
  float* y;
};

// Reads and writes nothing outside the operands and assumes no alignment. y has the bits that
// kernels/ternary_gemm gives. Safe to call concurrently for disjoint rows.
using RowGemv = void(const RowGemvArgs& args);

struct RowGemvKernel {
  const char* name;   // The file that defines it; shown by tests, bench, logs.
  CpuFeatures needs;  // `run` may be called only where all of these are present.
  RowGemv* run;
};

// Every variant in this binary, fastest first; "portable" is last and needs nothing.
std::span<const RowGemvKernel> RowGemvKernels();
const RowGemvKernel& SelectRowGemv(CpuFeatures have);

// Variants, one per file in this folder. Reach them through the table.
RowGemv RowGemvPortable, RowGemvX86Avx2, RowGemvX86Avx512Vnni, RowGemvArmNeonDot;

}  // namespace bitnet
