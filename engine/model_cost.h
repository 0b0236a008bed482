// What running a model costs, to be held against what a machine can do.
#pragma once

#include <cstdint>

#include "engine/cache/kv_cache.h"
#include "engine/model/model_config.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// Matrices only: norms, embedding rows and activations are less than a hundredth of it.
struct ModelCost {
  uint64_t layer_bytes = 0;        // Codes and scales of all layers, read once in every step.
  uint64_t head_bytes = 0;         // Of the output head, read once in a step that chooses tokens.
  uint64_t layer_weights = 0;      // Multiply-adds of one token in all layers.
  uint64_t head_weights = 0;       // And in the head, if its logits are wanted.
  uint64_t kv_position_bytes = 0;  // Keys and values of one earlier position, read by every later token.
};

ModelCost CostOf(const ModelConfig& config, const ModelWeights& weights, KvType kv_type);

// Codes and scales of one matrix, as its kernel reads them.
uint64_t MatrixBytes(const Matrix& matrix);

}  // namespace bitnet
