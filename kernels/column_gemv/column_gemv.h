// Some columns of a ternary matrix times what an int8 vector has there: sums += code_j * x_j over the columns
// j of a list. With all columns where x is not 0 that is the whole product.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Packed layout "2bit_r128": a column lies in one piece, so that a column left out is not read. It is packed
// as kernels/row_gemv packs a row: rows come in blocks of 128, 32 bytes each, bits 2p+1:2p of byte i holding
// the code (weight + 1, in 0..2) of row offset 32p + i.
inline constexpr size_t kColumnBlockRows = 128;
// Lists of columns are as long as a multiple of this.
inline constexpr size_t kColumnGroup = 4;

constexpr size_t PackedColumnBytes(size_t rows) { return rows / 4; }

// One call's operands.
//   w        packed columns of `rows` rows each; column j begins at j * PackedColumnBytes(rows).
//   columns  [num_columns] which; any column with a value of 0 fills up the last group.
//   values   [num_columns] x at these.
//   sums     [rows] exact sums of code * x, added to what is there. Of w x they are too large by the sum of
//   x:
//            codes are weight + 1.
struct ColumnGemvArgs {
  size_t rows;         // A multiple of 128.
  size_t num_columns;  // A multiple of 4; below 2^22 in all, so that no int32 sum can overflow.
  const uint8_t* w;
  const uint32_t* columns;
  const int8_t* values;
  int32_t* sums;
};

// Reads and writes nothing outside the operands and assumes no alignment. Safe to call concurrently on
// disjoint sums: threads share the columns out and add what they have.
using ColumnGemv = void(const ColumnGemvArgs& args);

struct ColumnGemvKernel {
  const char* name;   // The file that defines it; shown by tests, bench, logs.
  CpuFeatures needs;  // `run` may be called only where all of these are present.
  ColumnGemv* run;
};

// Every variant in this binary, fastest first; "portable" is last and needs nothing.
std::span<const ColumnGemvKernel> ColumnGemvKernels();
const ColumnGemvKernel& SelectColumnGemv(CpuFeatures have);

// Variants, one per file in this folder. Reach them through the table.
ColumnGemv ColumnGemvPortable, ColumnGemvX86Avx2, ColumnGemvX86Avx512Vnni, ColumnGemvArmNeonDot;

}  // namespace bitnet
