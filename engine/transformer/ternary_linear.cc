#include "engine/transformer/ternary_linear.h"

#include <algorithm>
#include <cassert>

namespace bitnet {

void TernaryLinear::Run(const QuantizedBatch& x, size_t batch, std::span<const Projection> projections) {
  assert(projections.size() <= kMaxProjections && batch <= max_batch_);
  size_t num_tiles = 0;
  for (size_t i = 0; i < projections.size(); ++i) {
    num_tiles += projections[i].matrix->tiles();
    for (size_t b = 0; b < batch; ++b) {
      factors_[i * max_batch_ + b] = projections[i].matrix->scale / x.scale(b);
    }
  }
  pool_->ParallelFor(num_tiles, [&](size_t begin, size_t end) {
    size_t first = 0;  // Of projection i, in the count over all.
    for (size_t i = 0; i < projections.size(); ++i) {
      const size_t tiles = projections[i].matrix->tiles();
      const size_t from = std::clamp(begin, first, first + tiles) - first;
      const size_t to = std::clamp(end, first, first + tiles) - first;
      if (from < to) {
        RunTiles(x, batch, projections[i], factors_.data() + i * max_batch_, from, to);
      }
      first += tiles;
    }
  });
}

void TernaryLinear::RunTiles(const QuantizedBatch& x, size_t batch, const Projection& projection,
                             const float* factors, size_t begin, size_t end) const {
  const TernaryMatrix& matrix = *projection.matrix;
  gemm_({.tiles = end - begin,
         .k = matrix.k,
         .batch = batch,
         .w = matrix.packed + begin * TernaryTileBytes(matrix.k),
         .x = x.values(),
         .x_stride = matrix.k,
         .x_sum = x.sums(),
         .factor = factors,
         .y = projection.y + begin * kTernaryTileRows,
         .y_stride = matrix.padded_rows()});
}

}  // namespace bitnet
