#include "engine/transformer/linear_layer.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "engine/transformer/matrix_product.h"

namespace bitnet {

void LinearLayer::Run(const float* x, size_t x_stride, size_t batch,
                      std::span<const Projection> projections) {
  assert(projections.size() <= kMaxProjections && batch <= max_batch_);
  std::array<bool, kMaxProjections> done = {};
  for (size_t i = 0; i < projections.size(); ++i) {
    if (done[i]) {
      continue;
    }
    const InputSpec spec = InputSpec::Of(*projections[i].linear);
    if (!(spec == input_.spec())) {
      input_.Begin(spec, norm_eps_);
      pool_->ParallelFor(batch, [&](size_t begin, size_t end) {
        for (size_t b = begin; b < end; ++b) {
          input_.Set(kernels_, x + b * x_stride, b);
        }
      });
    }
    std::array<Projection, kMaxProjections> shared;
    size_t num_shared = 0;
    for (size_t j = i; j < projections.size(); ++j) {
      if (!done[j] && InputSpec::Of(*projections[j].linear) == spec) {
        shared[num_shared++] = projections[j];
        done[j] = true;
      }
    }
    RunShared(batch, std::span(shared).first(num_shared));
  }
}

void LinearLayer::RunShared(size_t batch, std::span<const Projection> projections) {
  size_t num_tiles = 0;
  for (size_t i = 0; i < projections.size(); ++i) {
    const Matrix& matrix = projections[i].linear->matrix;
    num_tiles += matrix.tiles();
    if (matrix.activations == ActivationFormat::kInt8Token) {
      for (size_t b = 0; b < batch; ++b) {
        factors_[i * max_batch_ + b] = matrix.scale / input_.scale(b);
      }
    }
  }
  // Sixteen chunks a thread: the last one to finish is late by a sixteenth at most.
  const size_t grain = std::max<size_t>(1, num_tiles / (16 * static_cast<size_t>(pool_->num_threads())));
  pool_->ParallelForChunks(num_tiles, grain, [&](size_t begin, size_t end) {
    size_t first = 0;  // Of projection i, in the count over all.
    for (size_t i = 0; i < projections.size(); ++i) {
      const Matrix& matrix = projections[i].linear->matrix;
      const size_t from = std::clamp(begin, first, first + matrix.tiles()) - first;
      const size_t to = std::clamp(end, first, first + matrix.tiles()) - first;
      if (from < to) {
        MultiplyTiles(kernels_, matrix, input_, batch, factors_.data() + i * max_batch_, {from, to},
                      {.y = projections[i].y, .stride = matrix.padded_rows()});
      }
      first += matrix.tiles();
    }
  });
}

}  // namespace bitnet
