#include "bench/predict/cpu_step.h"

namespace bitnet {

CpuStepCost CpuStep(const PredictedModel& model, const StepTokens& tokens) {
  const ModelShape& shape = model.shape;
  const uint64_t position = 2 * shape.num_kv_heads * shape.head_dim * sizeof(uint16_t) * shape.num_layers;
  const uint64_t positions = tokens.prompt ? tokens.context + tokens.tokens : tokens.attended();
  const uint64_t head_weights = shape.vocab_size * shape.hidden_dim;
  return {.bytes = model.layer_bytes() + model.head_bytes() + positions * position,
          .int8_macs = tokens.tokens * shape.num_layer_weights() + tokens.logits() * head_weights,
          .float_macs = tokens.attended() * 2 * shape.num_heads * shape.head_dim * shape.num_layers};
}

}  // namespace bitnet
