#include "engine/model_cost.h"

#include "engine/cache/kv_cache.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/grouped_gemm/grouped_gemm.h"
#include "kernels/int6_gemm/int6_gemm.h"
#include "kernels/sign_gemm/sign_gemm.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {
namespace {

uint64_t GroupedBytes(const Matrix& matrix, GroupedLayout layout) {
  const uint64_t scales = matrix.k / matrix.group * Matrix::kTileRows * sizeof(uint16_t);
  return matrix.tiles() * (GroupedTileBytes(layout, matrix.k) + scales);
}

}  // namespace

uint64_t MatrixBytes(const Matrix& matrix) {
  switch (matrix.layout) {
    case MatrixLayout::kFloat16:
    case MatrixLayout::kBFloat16:
      return matrix.rows * matrix.k * 2;
    case MatrixLayout::kFloat32:
      return matrix.rows * matrix.k * 4;
    case MatrixLayout::kTernary2Bit:
      return matrix.tiles() * TernaryTileBytes(matrix.k);
    case MatrixLayout::kTernaryBase3:
      return matrix.tiles() * Base3TileBytes(matrix.k);
    case MatrixLayout::kGrouped1Bit:
      return GroupedBytes(matrix, GroupedLayout::k1Bit);
    case MatrixLayout::kGrouped2Bit:
      return GroupedBytes(matrix, GroupedLayout::k2Bit);
    case MatrixLayout::kInt6:
      return matrix.tiles() *
             (Int6TileBytes(matrix.k) + Int6TileScales(matrix.k) + kInt6TileRows * sizeof(float));
    case MatrixLayout::kSign:
      return (matrix.rows + kSignTileRows - 1) / kSignTileRows *
             (SignTileBytes(matrix.k) + kSignTileRows * sizeof(float));
  }
  return 0;
}

ModelCost CostOf(const ModelConfig& config, const ModelWeights& weights, KvType kv_type) {
  ModelCost cost;
  for (const LayerWeights& layer : weights.layers) {
    for (const Linear* linear : layer.linears()) {
      cost.layer_bytes += MatrixBytes(linear->matrix);
      cost.layer_weights += linear->matrix.rows * linear->matrix.k;
    }
  }
  // A screened head is read by few rows.
  cost.head_bytes = MatrixBytes(weights.screen.present() ? weights.screen.copy : weights.head);
  cost.head_weights = weights.head.rows * weights.head.k;
  cost.kv_position_bytes = KvCache::BlockBytes(config, kv_type) / kBlockTokens;
  return cost;
}

}  // namespace bitnet
