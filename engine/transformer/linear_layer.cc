#include "engine/transformer/linear_layer.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace bitnet {

void LinearLayer::Run(const float* x, size_t x_stride, size_t batch,
                      std::span<const Projection> projections) {
  assert(projections.size() <= kMaxProjections && batch <= max_batch_);
  std::array<bool, kMaxProjections> done = {};
  for (size_t i = 0; i < projections.size(); ++i) {
    if (done[i]) {
      continue;
    }
    PrepareFor(*projections[i].linear, x, x_stride, batch);
    std::array<Projection, kMaxProjections> shared;
    size_t num_shared = 0;
    for (size_t j = i; j < projections.size(); ++j) {
      if (!done[j] && InputSpec::Of(*projections[j].linear) == input_.spec()) {
        shared[num_shared++] = projections[j];
        done[j] = true;
      }
    }
    RunShared(batch, std::span(shared).first(num_shared));
  }
}

void LinearLayer::RunGated(const float* x, size_t x_stride, size_t batch, const Projection& gate,
                           const Projection& up, GateActivation* activation) {
  const Matrix& matrix = gate.linear->matrix;
  assert(InputSpec::Of(*gate.linear) == InputSpec::Of(*up.linear) && matrix.rows == up.linear->matrix.rows);
  PrepareFor(*gate.linear, x, x_stride, batch);
  SetFactors(0, matrix, batch);
  SetFactors(1, up.linear->matrix, batch);
  const size_t stride = matrix.padded_rows();
  pool_->ParallelForChunks(matrix.tiles(), Grain(matrix.tiles()), [&](size_t begin, size_t end) {
    Multiply(0, gate, batch, {begin, end});
    Multiply(1, up, batch, {begin, end});
    const size_t row = begin * Matrix::kTileRows;
    const size_t rows = std::min(end * Matrix::kTileRows, matrix.rows) - row;
    for (size_t b = 0; b < batch; ++b) {
      float* h = gate.y + b * stride + row;
      activation(rows, h, up.y + b * stride + row, h);
    }
  });
}

void LinearLayer::PrepareFor(const Linear& linear, const float* x, size_t x_stride, size_t batch) {
  const InputSpec spec = InputSpec::Of(linear);
  if (spec == input_.spec()) {
    return;
  }
  input_.Begin(spec, norm_eps_);
  pool_->ParallelFor(batch, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      input_.Set(kernels_, x + b * x_stride, b);
    }
  });
}

void LinearLayer::RunShared(size_t batch, std::span<const Projection> projections) {
  size_t num_tiles = 0;
  for (size_t i = 0; i < projections.size(); ++i) {
    num_tiles += projections[i].linear->matrix.tiles();
    SetFactors(i, projections[i].linear->matrix, batch);
  }
  pool_->ParallelForChunks(num_tiles, Grain(num_tiles), [&](size_t begin, size_t end) {
    size_t first = 0;  // Of projection i, in the count over all.
    for (size_t i = 0; i < projections.size(); ++i) {
      const size_t tiles = projections[i].linear->matrix.tiles();
      const size_t from = std::clamp(begin, first, first + tiles) - first;
      const size_t to = std::clamp(end, first, first + tiles) - first;
      if (from < to) {
        Multiply(i, projections[i], batch, {from, to});
      }
      first += tiles;
    }
  });
}

void LinearLayer::SetFactors(size_t i, const Matrix& matrix, size_t batch) {
  if (matrix.activations == ActivationFormat::kInt8Token) {
    for (size_t b = 0; b < batch; ++b) {
      factors_[i * max_batch_ + b] = matrix.scale / input_.scale(b);
    }
  }
}

void LinearLayer::Multiply(size_t i, const Projection& projection, size_t batch, TileRange tiles) const {
  const Matrix& matrix = projection.linear->matrix;
  MultiplyTiles(kernels_, matrix, input_, batch, factors_.data() + i * max_batch_, tiles,
                {.y = projection.y, .stride = matrix.padded_rows()});
}

// Sixteen chunks a thread: the last one to finish is late by a sixteenth at most.
size_t LinearLayer::Grain(size_t num_tiles) const {
  return std::max<size_t>(1, num_tiles / (16 * static_cast<size_t>(pool_->num_threads())));
}

}  // namespace bitnet
