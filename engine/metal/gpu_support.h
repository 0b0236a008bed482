// Which models the Metal kernels can run whole.
#pragma once

#include "absl/status/status.h"
#include "engine/model/model_config.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// UNIMPLEMENTED names what is in the way. Today: ternary layers in 2 bits or base 3 with int8 activations per
// token and one scale a matrix, no norms of queries and keys, no norm or transform of a matrix's own; heads
// of floats or 6 bits.
absl::Status CheckGpuSupport(const ModelConfig& config, const ModelWeights& weights);

}  // namespace bitnet
