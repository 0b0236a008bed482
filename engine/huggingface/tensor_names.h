// What Hugging Face calls a model's tensors, and what GGUF does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bitnet {

enum class TensorRole {
  kNorm,            // A vector.
  kMatrix,          // Of a linear layer, or the output head.
  kEmbedding,       // A matrix that no layer multiplies with.
  kMatrixScale,     // One number that belongs to a packed matrix.
  kProjectionNorm,  // A vector: weights of the RMSNorm on a linear layer's input.
};

struct TensorPlace {
  TensorRole role;
  std::string module = {};     // Hugging Face's name without the last part: "model.layers.0.mlp.up_proj".
  std::string gguf_name = {};  // Of a scale: that of its matrix.
  // Where it stands in a GGUF file: the embedding, the layers with their norms before their matrices, the
  // output.
  uint64_t order;
  enum { kNoHeads, kQueryHeads, kKeyHeads } heads = kNoHeads;  // Whether rows are those of heads.
};

// Nothing for tensors that can be left out, such as tables of rotary positions that some versions saved.
// UNIMPLEMENTED: we do not know what it is; the message names it. Layers are numbered below `num_layers`.
absl::StatusOr<std::optional<TensorPlace>> PlaceOfTensor(std::string_view name, uint64_t num_layers);

// "attn_output" for "o_proj"; "" for what is no linear layer.
std::string_view GgufNameOfProjection(std::string_view projection);

}  // namespace bitnet
