// A model's weights, as the kernels want them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/aligned_buffer.h"
#include "engine/model/model_file.h"
#include "engine/model/model_config.h"
#include "engine/threads/thread_pool.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {

// A ternary matrix in the packed layout of kernels/ternary_gemm.
struct TernaryMatrix {
  size_t rows = 0;
  size_t k = 0;
  float scale = 0;                  // One for all weights.
  const uint8_t* packed = nullptr;  // [tiles(), TernaryTileBytes(k)]; zeros where the last tile has no row.

  size_t tiles() const { return (rows + kTernaryTileRows - 1) / kTernaryTileRows; }
  size_t padded_rows() const { return tiles() * kTernaryTileRows; }
};

struct LayerWeights {
  std::span<const float> attn_norm;      // [hidden_dim]
  TernaryMatrix query;                   // [query_dim, hidden_dim]
  TernaryMatrix key;                     // [kv_dim, hidden_dim]
  TernaryMatrix value;                   // [kv_dim, hidden_dim]
  std::span<const float> attn_sub_norm;  // [query_dim]
  TernaryMatrix attn_output;             // [hidden_dim, query_dim]
  std::span<const float> ffn_norm;       // [hidden_dim]
  TernaryMatrix gate;                    // [ffn_dim, hidden_dim]
  TernaryMatrix up;                      // [ffn_dim, hidden_dim]
  std::span<const float> ffn_sub_norm;   // [ffn_dim]
  TernaryMatrix down;                    // [hidden_dim, ffn_dim]
};

// Ternary matrices are packed into memory of our own; all else stays in the file, which must outlive this.
// Immutable; safe to share between threads.
struct ModelWeights {
  std::span<const uint16_t> embedding;  // [vocab_size, hidden_dim] half precision; also the output head.
  std::span<const float> output_norm;   // [hidden_dim]
  std::vector<LayerWeights> layers;
  AlignedBuffer<uint8_t> packed;  // What the matrices point into.

  // DATA_LOSS: a tensor is missing, has another shape, or holds what no weight can be (infinities, NaN, the
  // fourth code of two bits); UNIMPLEMENTED: it has a type we do not read. The message names it.
  static absl::StatusOr<ModelWeights> Load(const ModelFile& file, const ModelConfig& config, ThreadPool& pool);
};

}  // namespace bitnet
