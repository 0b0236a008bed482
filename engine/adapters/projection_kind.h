// The matrices of a transformer's layer that an adapter can change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/model/model_config.h"

namespace bitnet {

enum class ProjectionKind : uint8_t { kQuery, kKey, kValue, kAttnOutput, kGate, kUp, kDown };

inline constexpr size_t kNumProjectionKinds = 7;

// Such a matrix takes k values and gives `rows`.
struct ProjectionShape {
  size_t rows;
  size_t k;
};

ProjectionShape ShapeOf(ProjectionKind kind, const ModelConfig& config);

// What GGUF calls it ("attn_q" of "blk.0.attn_q.weight") and what Hugging Face does ("self_attn.q_proj" of
// "model.layers.0.self_attn.q_proj.weight").
std::string_view GgufName(ProjectionKind kind);
std::string_view HuggingFaceName(ProjectionKind kind);

}  // namespace bitnet
