// How many of the highest logits a choice can depend on.
#pragma once

#include <cstddef>
#include <limits>

#include "engine/generation.h"

namespace bitnet {

inline constexpr size_t kAllLogits = std::numeric_limits<size_t>::max();

// Any logit but the highest so many, by falling logit and rising id, may be -infinity without changing what
// Sampler::Sample chooses, or what is told of it. `num_masked` tokens may not be chosen, and might all be
// among the highest.
size_t LogitsNeeded(const GenerationRequest& request, size_t num_masked);

}  // namespace bitnet
