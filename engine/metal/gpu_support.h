// Which models the Metal kernels can run whole.
#pragma once

#include "absl/status/status.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// UNIMPLEMENTED names what is in the way. There are kernels for layers that are ternary with one scale (2
// bits or base 3), of 1 or 2 bits with scales of groups, and of 1 bit with scales of rows, times the
// activations that they were trained with; with and without norms of queries and keys, and for heads of any
// of these, of floats or of 6 bits. There are none for layers of floats, and for matrices with a norm or a
// Hadamard transform of their own.
absl::Status CheckGpuSupport(const ModelWeights& weights);

}  // namespace bitnet
