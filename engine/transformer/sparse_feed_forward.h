// The feed-forward products of a few tokens without what a squared ReLU makes irrelevant: a row of `up` whose
// gate is 0, and a column of `down` whose input is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/kernel_set.h"
#include "engine/transformer/linear_input.h"
#include "engine/transformer/linear_layer.h"
#include "engine/weights/sparse_weights.h"

namespace bitnet {

// What one layer had to read of its two matrices, had all that is left out been left out.
struct LayerDensity {
  uint64_t tokens = 0;   // Looked at.
  uint64_t rows = 0;     // Of `up`, with a gate above 0,
  uint64_t columns = 0;  // of `down`, with an input that is not 0: for all these tokens.
};

// Shares of all rows and columns, over all layers and tokens; none where no token was looked at.
struct Density {
  double rows = 0;
  double columns = 0;
};
std::optional<Density> MeanDensity(const std::vector<LayerDensity>& layers, size_t ffn_dim);

// The bits are those of LinearLayer: integer sums are exact in any order, and zeros add nothing.
class SparseFeedForward {
 public:
  // More tokens together leave little to leave out.
  static constexpr size_t kMostTokens = 4;

  // All are borrowed and outlive this.
  SparseFeedForward(const KernelSet& kernels, const SparseWeights& weights, size_t hidden_dim, size_t ffn_dim,
                    ThreadPool* pool);

  // Whether Up and Down may be called for this layer and so many tokens.
  bool Has(size_t layer, size_t batch) const {
    return weights_.present() && batch <= kMostTokens && weights_.layers[layer].present();
  }

  // One product for each of `batch` rows of `input`. Where too much is left to be faster they do nothing and
  // return false.
  //
  // up.y gets rows whose gate [batch, stride] is above 0, and 0 elsewhere.
  bool Up(size_t layer, const float* gate, const LinearInput& input, size_t batch, const Projection& up);
  bool Down(size_t layer, const LinearInput& input, size_t batch, const Projection& down);

  // By layer; empty without copies.
  const std::vector<LayerDensity>& density() const { return density_; }

 private:
  struct List {
    uint32_t* indices;
    int8_t* values;  // Of columns.
    size_t count;
  };
  List ListOf(size_t b) const {
    return {.indices = indices_.data() + b * list_stride_,
            .values = values_.data() + b * list_stride_,
            .count = counts_[b]};
  }
  int32_t* Sums(int thread, size_t b) const {
    return sums_.data() + (static_cast<size_t>(thread) * kMostTokens + b) * hidden_dim_;
  }
  void AddColumns(size_t layer, size_t batch);
  void ScaleSums(const LinearInput& input, size_t batch, const Projection& down);

  const KernelSet& kernels_;
  const SparseWeights& weights_;
  const size_t hidden_dim_;
  const size_t ffn_dim_;
  const size_t list_stride_;
  ThreadPool* const pool_;
  AlignedBuffer<uint32_t> indices_;  // [kMostTokens, list_stride] rows or columns to be read.
  AlignedBuffer<int8_t> values_;     // [kMostTokens, list_stride] what the input has there.
  size_t counts_[kMostTokens] = {};
  AlignedBuffer<int32_t> sums_;  // [threads, kMostTokens, hidden_dim]
  std::vector<LayerDensity> density_;
};

}  // namespace bitnet
