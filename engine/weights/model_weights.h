// A model's weights, as the kernels want them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/aligned_buffer.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"
#include "engine/weights/head_screen.h"
#include "engine/weights/matrix.h"
#include "engine/weights/matrix_plan.h"
#include "engine/weights/sparse_weights.h"

namespace bitnet {

// A matrix and what its input goes through before it is quantised.
struct Linear {
  Matrix matrix;
  std::vector<float> input_norm = {};  // [k] weight of an RMSNorm of its own; empty if there is none.
  size_t hadamard_block = 0;           // Of a Walsh-Hadamard transform of neighbours; 0 if there is none.
};

struct LayerWeights {
  std::vector<float> attn_norm;      // [hidden_dim]
  Linear query;                      // [query_dim, hidden_dim]
  Linear key;                        // [kv_dim, hidden_dim]
  Linear value;                      // [kv_dim, hidden_dim]
  std::vector<float> query_norm;     // [head_dim]; empty in models without.
  std::vector<float> key_norm;       // [head_dim]; likewise.
  std::vector<float> attn_sub_norm;  // [query_dim]; likewise.
  Linear attn_output;                // [hidden_dim, query_dim]
  std::vector<float> ffn_norm;       // [hidden_dim]
  Linear gate;                       // [ffn_dim, hidden_dim]
  Linear up;                         // [ffn_dim, hidden_dim]
  std::vector<float> ffn_sub_norm;   // [ffn_dim]; empty in models without.
  Linear down;                       // [hidden_dim, ffn_dim]

  // All of them.
  std::array<const Linear*, 7> linears() const {
    return {&query, &key, &value, &attn_output, &gate, &up, &down};
  }
};

// Matrices that the kernels can not read as they are stored are packed into memory of our own; all else stays
// in the file, which must outlive this. Immutable; safe to share between threads.
struct ModelWeights {
  // [vocab_size, hidden_dim]. Rows are checked at load, but for files with a head packed beside it: reading
  // half a gigabyte of which most is never looked up would be most of their load.
  std::optional<RowDecoder> embedding;
  Matrix head;                     // [vocab_size, hidden_dim]
  HeadScreen screen;               // Of the head; present only with HeadFormat::kExact.
  std::vector<float> output_norm;  // [hidden_dim]
  std::vector<float>
      rope_factors;  // [head_dim / 2] by which frequencies are divided; empty if there are none.
  std::vector<LayerWeights> layers;
  SparseWeights sparse;           // Of the layers; present only with WeightOptions::sparsity.
  AlignedBuffer<uint8_t> packed;  // What the matrices point into.

  // DATA_LOSS: a tensor is missing, has another shape, or holds what no weight can be (infinities, NaN, a
  // code that stands for nothing); UNIMPLEMENTED: it has a type we do not read. The message names it.
  static absl::StatusOr<ModelWeights> Load(const ModelFile& file, const ModelConfig& config,
                                           const WeightOptions& options, ThreadPool& pool);
};

}  // namespace bitnet
