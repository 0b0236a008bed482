// Second copies of feed-forward matrices, in layouts of which rows and columns can be left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/aligned_buffer.h"
#include "engine/model/model_config.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {

struct LayerWeights;

// A view; both are null in a layer that has none.
struct SparseLayer {
  const uint8_t* up_rows = nullptr;       // kernels/row_gemv: [ffn_dim] rows of hidden_dim.
  const uint8_t* down_columns = nullptr;  // kernels/column_gemv: [ffn_dim] columns of hidden_dim.
  bool present() const { return up_rows != nullptr; }
};

struct SparseWeights {
  std::vector<SparseLayer> layers;  // As many as the model has, or none.
  AlignedBuffer<uint8_t> codes;     // What they point into.

  bool present() const { return codes.size() > 0; }
};

// Copies the layers of which kernels/row_gemv and kernels/column_gemv can multiply both matrices: the
// activation is the squared ReLU, which makes zeros, both are ternary with one scale and inputs of int8, and
// hidden_dim is a multiple of 128. Takes half a byte for each weight of one matrix: 265 MB for BitNet b1.58
// 2B4T. DATA_LOSS: a code is no weight.
absl::StatusOr<SparseWeights> CopySparse(const ModelConfig& config, const std::vector<LayerWeights>& layers,
                                         ThreadPool& pool);

// For flags.
inline std::map<std::string, bool> SparsityNames() { return {{"on", true}, {"off", false}}; }

inline constexpr char kSparsityHelp[] =
    "on: keep a second copy of the feed-forward matrices, a fifth of the model's size or more, of which one "
    "answer at a time reads only what a squared ReLU has not made zero: faster, with the same bits; off: no "
    "copy";

}  // namespace bitnet
