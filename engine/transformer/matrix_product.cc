#include "engine/transformer/matrix_product.h"

#include <algorithm>

#include "kernels/panel_gemm/panel_product.h"

namespace bitnet {
namespace {

// Layouts whose kernels know nothing of a scale of the whole matrix.
void Scale(const Matrix& matrix, size_t batch, TileRange tiles, ProductOut out) {
  if (matrix.scale == 1) {
    return;
  }
  const size_t begin = tiles.begin * Matrix::kTileRows;
  const size_t end = std::min(tiles.end * Matrix::kTileRows, matrix.rows);
  for (size_t b = 0; b < batch; ++b) {
    for (size_t row = begin; row < end; ++row) {
      out.y[b * out.stride + row] *= matrix.scale;
    }
  }
}

void MultiplyFloats(const KernelSet& kernels, const Matrix& matrix, const LinearInput& input, size_t batch,
                    TileRange tiles, ProductOut out) {
  const size_t begin = tiles.begin * Matrix::kTileRows;
  const size_t end = std::min(tiles.end * Matrix::kTileRows, matrix.rows);
  const FloatType type = FloatTypeOf(matrix.layout);
  kernels.float_gemm({.rows = end - begin,
                      .k = matrix.k,
                      .batch = batch,
                      .w = matrix.codes + begin * matrix.k * FloatTypeBytes(type),
                      .x = input.floats(),
                      .x_stride = input.float_stride(),
                      .y = out.y + begin,
                      .y_stride = out.stride,
                      .type = type});
}

void MultiplyGroups(const KernelSet& kernels, const Matrix& matrix, const LinearInput& input, size_t batch,
                    TileRange tiles, ProductOut out) {
  const auto layout =
      matrix.layout == MatrixLayout::kGrouped1Bit ? GroupedLayout::k1Bit : GroupedLayout::k2Bit;
  const auto* scales = reinterpret_cast<const uint16_t*>(matrix.scales);
  const GroupedGemmArgs args = {
      .layout = layout,
      .tiles = tiles.end - tiles.begin,
      .k = matrix.k,
      .group = matrix.group,
      .batch = batch,
      .w = matrix.codes + tiles.begin * GroupedTileBytes(layout, matrix.k),
      .w_scale = scales + tiles.begin * (matrix.k / matrix.group) * Matrix::kTileRows,
      .x = input.int8(),
      .x_stride = input.int8_stride(),
      .x_sum = input.sums(),
      .x_inv = input.inverses(),
      .y = out.y + tiles.begin * Matrix::kTileRows,
      .y_stride = out.stride};
  const PanelMinColumns& from = kernels.panel_gemm.min_columns;
  if (batch < (layout == GroupedLayout::k1Bit ? from.one_bit : from.ternary_2bit)) {
    kernels.grouped_gemm(args);
  } else {
    GroupedPanelGemm(kernels.panel_gemm, args);
  }
}

// Tiles of this layout have 8 rows: two, or one at the end, are one of ours.
void MultiplySigns(const KernelSet& kernels, const Matrix& matrix, const LinearInput& input, size_t batch,
                   TileRange tiles, ProductOut out) {
  constexpr size_t kHalves = Matrix::kTileRows / kSignTileRows;
  const size_t begin = tiles.begin * kHalves;
  const size_t end = std::min(tiles.end * kHalves, (matrix.rows + kSignTileRows - 1) / kSignTileRows);
  const uint8_t* w = matrix.codes + begin * SignTileBytes(matrix.k);
  const float* row_scale = reinterpret_cast<const float*>(matrix.scales) + begin * kSignTileRows;
  float* y = out.y + begin * kSignTileRows;
  if (matrix.activations == ActivationFormat::kBFloat16) {
    kernels.sign_float_gemm({.tiles = end - begin,
                             .k = matrix.k,
                             .batch = batch,
                             .w = w,
                             .row_scale = row_scale,
                             .x = input.floats(),
                             .x_stride = input.float_stride(),
                             .y = y,
                             .y_stride = out.stride});
    return;
  }
  const bool binary = matrix.activations == ActivationFormat::kBinary;
  (binary ? kernels.sign_binary_gemm : kernels.sign_ternary_gemm)({.tiles = end - begin,
                                                                   .k = matrix.k,
                                                                   .batch = batch,
                                                                   .w = w,
                                                                   .row_scale = row_scale,
                                                                   .plus = input.plus(),
                                                                   .minus = input.minus(),
                                                                   .x_stride = input.words(),
                                                                   .nonzero = input.sums(),
                                                                   .x_scale = input.amplitudes(),
                                                                   .y = y,
                                                                   .y_stride = out.stride});
}

void MultiplyInt6(const KernelSet& kernels, const Matrix& matrix, const LinearInput& input, size_t batch,
                  const float* factors, TileRange tiles, ProductOut out) {
  const size_t row = tiles.begin * Matrix::kTileRows;
  // Behind the codes of all tiles.
  const auto* scales =
      reinterpret_cast<const int8_t*>(matrix.codes + matrix.tiles() * Int6TileBytes(matrix.k));
  kernels.int6_gemm({.tiles = tiles.end - tiles.begin,
                     .k = matrix.k,
                     .batch = batch,
                     .w = matrix.codes + tiles.begin * Int6TileBytes(matrix.k),
                     .w_scale = scales + tiles.begin * Int6TileScales(matrix.k),
                     .row_scale = reinterpret_cast<const float*>(matrix.scales) + row,
                     .x = input.int8(),
                     .x_stride = input.int8_stride(),
                     .x_minus8 = input.minus8(),
                     .x_minus8_stride = input.groups(),
                     .x_scale = factors,
                     .y = out.y + row,
                     .y_stride = out.stride});
}

}  // namespace

FloatType FloatTypeOf(MatrixLayout layout) {
  return layout == MatrixLayout::kFloat32    ? FloatType::kF32
         : layout == MatrixLayout::kBFloat16 ? FloatType::kBf16
                                             : FloatType::kF16;
}

void MultiplyTiles(const KernelSet& kernels, const Matrix& matrix, const LinearInput& input, size_t batch,
                   const float* factors, TileRange tiles, ProductOut out) {
  float* y = out.y + tiles.begin * Matrix::kTileRows;
  switch (matrix.layout) {
    case MatrixLayout::kFloat16:
    case MatrixLayout::kBFloat16:
    case MatrixLayout::kFloat32:
      MultiplyFloats(kernels, matrix, input, batch, tiles, out);
      Scale(matrix, batch, tiles, out);
      break;
    case MatrixLayout::kTernary2Bit: {
      const TernaryGemmArgs args = {tiles.end - tiles.begin,
                                    matrix.k,
                                    batch,
                                    matrix.codes + tiles.begin * TernaryTileBytes(matrix.k),
                                    input.int8(),
                                    input.int8_stride(),
                                    input.sums(),
                                    factors,
                                    y,
                                    out.stride};
      if (batch < kernels.panel_gemm.min_columns.ternary_2bit) {
        kernels.ternary_gemm(args);
      } else {
        TernaryPanelGemm(kernels.panel_gemm, args);
      }
      break;
    }
    case MatrixLayout::kTernaryBase3: {
      const Base3GemmArgs args = {tiles.end - tiles.begin,
                                  matrix.k,
                                  batch,
                                  matrix.codes + tiles.begin * Base3TileBytes(matrix.k),
                                  input.int8(),
                                  input.int8_stride(),
                                  input.sums(),
                                  factors,
                                  y,
                                  out.stride};
      if (batch < kernels.panel_gemm.min_columns.base3) {
        kernels.base3_gemm(args);
      } else {
        Base3PanelGemm(kernels.panel_gemm, args);
      }
      break;
    }
    case MatrixLayout::kInt6:
      MultiplyInt6(kernels, matrix, input, batch, factors, tiles, out);
      break;
    case MatrixLayout::kGrouped1Bit:
    case MatrixLayout::kGrouped2Bit:
      MultiplyGroups(kernels, matrix, input, batch, tiles, out);
      Scale(matrix, batch, tiles, out);
      break;
    case MatrixLayout::kSign:
      MultiplySigns(kernels, matrix, input, batch, tiles, out);
      Scale(matrix, batch, tiles, out);
      break;
  }
}

}  // namespace bitnet
