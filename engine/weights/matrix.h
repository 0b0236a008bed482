// A weight matrix as the kernels want it, in one of a few layouts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bitnet {

enum class MatrixLayout : uint8_t {
  kFloat16,       // [rows, k], row-major, in the file or decoded to it.
  kBFloat16,      // The same.
  kFloat32,       // The same.
  kTernary2Bit,   // kernels/ternary_gemm; one scale for all weights.
  kTernaryBase3,  // kernels/base3_gemm; the same.
  kGrouped1Bit,   // kernels/grouped_gemm, 1 bit; a half-precision scale for each group of a row.
  kGrouped2Bit,   // kernels/grouped_gemm, 2 bits; the same.
  kSign,          // kernels/sign_gemm; a scale for each row.
  kInt6,          // kernels/int6_gemm; scales for each 16 weights of a row, and for each row.
};

// What a matrix is multiplied with.
enum class ActivationFormat : uint8_t {
  kFloat,      // float32, unrounded.
  kInt8Token,  // int8, one scale per token: BitNet b1.58.
  kInt8Group,  // int8, one scale per group of weights: for models trained with 16-bit activations.
  kBinary,     // Signs and one scale per token.
  kTernary,    // -1, 0, +1 and one scale per token.
  kBFloat16,   // Rounded to bfloat16.
};

// A view: the file or the model's weights own the bytes.
struct Matrix {
  size_t rows = 0;
  size_t k = 0;
  MatrixLayout layout = MatrixLayout::kFloat32;
  ActivationFormat activations = ActivationFormat::kFloat;
  // Of weights and activations that share a scale, or, with one scale of activations for all, of which the
  // layout wants the activations' sums; 0 in other layouts.
  size_t group = 0;
  float scale = 1;                  // Of all weights, in layouts with one scale.
  const uint8_t* codes = nullptr;   // Or the floats.
  const uint8_t* scales = nullptr;  // Of groups (half precision) or rows (float), tile by tile.

  // Work is dealt out in tiles of 16 rows, whatever the layout.
  static constexpr size_t kTileRows = 16;
  size_t tiles() const { return (rows + kTileRows - 1) / kTileRows; }
  // Elements between the products of two tokens.
  size_t padded_rows() const { return PadRows(rows); }
  // Of a matrix of so many rows.
  static constexpr size_t PadRows(size_t rows) { return (rows + kTileRows - 1) / kTileRows * kTileRows; }
};

}  // namespace bitnet
