#include "engine/sampling/logits_needed.h"

#include "engine/sampling/sampler.h"

namespace bitnet {

size_t LogitsNeeded(const GenerationRequest& request, size_t num_masked) {
  const SamplingParams& sampling = request.sampling;
  // A log probability is relative to all tokens; a penalty may sink any number of the highest ones, and a
  // constraint forbid them.
  if (request.wants_logits || request.num_logprobs >= 0 || UsesPenalties(sampling) ||
      request.constraint.kind != ConstraintKind::kNone) {
    return kAllLogits;
  }
  if (sampling.temperature == 0) {
    return 1 + num_masked;
  }
  // What is left of these by top-p and min-p depends on these alone.
  return sampling.top_k > 0 ? static_cast<size_t>(sampling.top_k) + num_masked : kAllLogits;
}

}  // namespace bitnet
