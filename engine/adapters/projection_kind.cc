#include "engine/adapters/projection_kind.h"

namespace bitnet {
namespace {

struct Names {
  std::string_view gguf;
  std::string_view hugging_face;
};

// In the order of the enumeration.
constexpr Names kNames[kNumProjectionKinds] = {
    {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"}, {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"}, {"ffn_gate", "mlp.gate_proj"},  {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

}  // namespace

ProjectionShape ShapeOf(ProjectionKind kind, const ModelConfig& config) {
  switch (kind) {
    case ProjectionKind::kQuery:
      return {config.query_dim(), config.hidden_dim};
    case ProjectionKind::kKey:
    case ProjectionKind::kValue:
      return {config.kv_dim(), config.hidden_dim};
    case ProjectionKind::kAttnOutput:
      return {config.hidden_dim, config.query_dim()};
    case ProjectionKind::kGate:
    case ProjectionKind::kUp:
      return {config.ffn_dim, config.hidden_dim};
    case ProjectionKind::kDown:
      break;
  }
  return {config.hidden_dim, config.ffn_dim};
}

std::string_view GgufName(ProjectionKind kind) { return kNames[static_cast<size_t>(kind)].gguf; }

std::string_view HuggingFaceName(ProjectionKind kind) {
  return kNames[static_cast<size_t>(kind)].hugging_face;
}

}  // namespace bitnet
