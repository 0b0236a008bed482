// The shapes of known models, and the ways their weights can be stored: random models are made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct WeightType {
  const char* name;         // As --type has it.
  GgmlType type;            // The layout that the kernels read, so that nothing is packed at load.
  size_t group;             // Weights with a scale in common; 0: a whole row or matrix.
  const char* activations;  // bitnet.activations, where the type needs it said; else "".
};
std::span<const WeightType> WeightTypes();
// INVALID_ARGUMENT lists the names there are.
absl::StatusOr<WeightType> FindWeightType(std::string_view name);

struct ModelShape {
  const char* name;  // As --shape has it.
  const char* source;
  const char* architecture;  // general.architecture.
  size_t hidden_dim, ffn_dim, num_layers, num_heads, num_kv_heads, head_dim, vocab_size, max_seq_len;
  bool own_head;     // The head is a matrix of its own, and not the embedding.
  const char* type;  // Of the matrices of the layers, unless another is asked for.
  const char* head;  // Of embedding and head.

  // Of the layers' matrices alone.
  uint64_t num_layer_weights() const;
};
std::span<const ModelShape> ModelShapes();
// INVALID_ARGUMENT lists the names there are.
absl::StatusOr<ModelShape> FindShape(std::string_view name);

}  // namespace bitnet
