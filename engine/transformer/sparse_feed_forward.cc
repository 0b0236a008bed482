#include "engine/transformer/sparse_feed_forward.h"

#include <algorithm>
#include <atomic>

namespace bitnet {
namespace {

// Of a matrix, for all tokens together. Rows and columns are found in memory one by one, at a third to a half
// of the speed of reading all in order: from here on that would be no faster (bench/RESULTS.md).
constexpr double kMostKept = 0.30;

// Of a list: some microseconds of work, so that no thread waits long for the last one.
constexpr size_t kRowsAtOnce = 64;
constexpr size_t kColumnsAtOnce = 64;

// The indices of what is above 0.
size_t Positive(size_t n, const float* x, uint32_t* indices) {
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) {
    indices[count] = static_cast<uint32_t>(i);
    count += x[i] > 0 ? 1 : 0;
  }
  return count;
}

// The indices of what is not 0, and what it is.
size_t NonZero(size_t n, const int8_t* x, uint32_t* indices, int8_t* values) {
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) {
    indices[count] = static_cast<uint32_t>(i);
    values[count] = x[i];
    count += x[i] != 0 ? 1 : 0;
  }
  return count;
}

}  // namespace

std::optional<Density> MeanDensity(const std::vector<LayerDensity>& layers, size_t ffn_dim) {
  LayerDensity sum;
  for (const LayerDensity& layer : layers) {
    sum.tokens += layer.tokens;
    sum.rows += layer.rows;
    sum.columns += layer.columns;
  }
  if (sum.tokens == 0) {
    return std::nullopt;
  }
  const double all = static_cast<double>(sum.tokens) * static_cast<double>(ffn_dim);
  return Density{.rows = static_cast<double>(sum.rows) / all,
                 .columns = static_cast<double>(sum.columns) / all};
}

SparseFeedForward::SparseFeedForward(const KernelSet& kernels, const SparseWeights& weights,
                                     size_t hidden_dim, size_t ffn_dim, ThreadPool* pool)
    : kernels_(kernels),
      weights_(weights),
      hidden_dim_(hidden_dim),
      ffn_dim_(ffn_dim),
      list_stride_(ffn_dim + kColumnGroup),
      pool_(pool),
      indices_(weights.present() ? kMostTokens * list_stride_ : 0),
      values_(indices_.size()),
      sums_(weights.present() ? static_cast<size_t>(pool->num_threads()) * kMostTokens * hidden_dim : 0),
      density_(weights.present() ? weights.layers.size() : 0) {}

bool SparseFeedForward::Up(size_t layer, const float* gate, const LinearInput& input, size_t batch,
                           const Projection& up) {
  const Matrix& matrix = up.linear->matrix;
  const size_t stride = matrix.padded_rows();
  size_t total = 0;
  for (size_t b = 0; b < batch; ++b) {
    counts_[b] = Positive(ffn_dim_, gate + b * stride, ListOf(b).indices);
    total += counts_[b];
  }
  density_[layer].tokens += batch;
  density_[layer].rows += total;
  if (static_cast<double>(total) > kMostKept * static_cast<double>(ffn_dim_)) {
    return false;
  }
  for (size_t b = 0; b < batch; ++b) {
    std::fill_n(up.y + b * stride, ffn_dim_, 0.0f);
    const List list = ListOf(b);
    pool_->ParallelForChunks(list.count, kRowsAtOnce, [&](size_t begin, size_t end) {
      kernels_.row_gemv({.num_rows = end - begin,
                         .rows = list.indices + begin,
                         .k = hidden_dim_,
                         .w = weights_.layers[layer].up_rows,
                         .x = input.int8() + b * input.int8_stride(),
                         .x_sum = input.sums()[b],
                         .factor = matrix.scale / input.scale(b),
                         .y = up.y + b * stride});
    });
  }
  return true;
}

bool SparseFeedForward::Down(size_t layer, const LinearInput& input, size_t batch, const Projection& down) {
  size_t total = 0;
  for (size_t b = 0; b < batch; ++b) {
    const List list = ListOf(b);
    const size_t count = NonZero(ffn_dim_, input.int8() + b * input.int8_stride(), list.indices, list.values);
    total += count;
    counts_[b] = (count + kColumnGroup - 1) / kColumnGroup * kColumnGroup;
    for (size_t i = count; i < counts_[b]; ++i) {
      list.indices[i] = 0;
      list.values[i] = 0;
    }
  }
  density_[layer].columns += total;
  if (static_cast<double>(total) > kMostKept * static_cast<double>(ffn_dim_)) {
    return false;
  }
  AddColumns(layer, batch);
  ScaleSums(input, batch, down);
  return true;
}

// Each thread adds the columns it gets to sums of its own.
void SparseFeedForward::AddColumns(size_t layer, size_t batch) {
  std::atomic<size_t> next[kMostTokens] = {};
  pool_->RunOnAll([&](int thread) {
    for (size_t b = 0; b < batch; ++b) {
      std::fill_n(Sums(thread, b), hidden_dim_, 0);
      const List list = ListOf(b);
      for (size_t begin; (begin = next[b].fetch_add(kColumnsAtOnce)) < list.count;) {
        kernels_.column_gemv({.rows = hidden_dim_,
                              .num_columns = std::min(kColumnsAtOnce, list.count - begin),
                              .w = weights_.layers[layer].down_columns,
                              .columns = list.indices + begin,
                              .values = list.values + begin,
                              .sums = Sums(thread, b)});
      }
    }
  });
}

// As the dense kernels do: one conversion and one multiplication round.
void SparseFeedForward::ScaleSums(const LinearInput& input, size_t batch, const Projection& down) {
  const Matrix& matrix = down.linear->matrix;
  for (size_t b = 0; b < batch; ++b) {
    const float factor = matrix.scale / input.scale(b);
    const int32_t x_sum = input.sums()[b];
    int32_t* sums = Sums(0, b);
    for (int thread = 1; thread < pool_->num_threads(); ++thread) {
      const int32_t* more = Sums(thread, b);
      for (size_t row = 0; row < hidden_dim_; ++row) sums[row] += more[row];
    }
    float* y = down.y + b * matrix.padded_rows();
    for (size_t row = 0; row < hidden_dim_; ++row) y[row] = static_cast<float>(sums[row] - x_sum) * factor;
  }
}

}  // namespace bitnet
