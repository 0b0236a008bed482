// Prompts that are read, timed.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "engine/engine.h"

namespace bitnet {

struct PrefillTime {
  double seconds = 0;  // From the first Submit to the first token of the last prompt.
  std::optional<double> joules;
};

// Reads `batch` random prompts of `prompt_tokens` tokens each, all submitted at once.
absl::StatusOr<PrefillTime> RunPrefill(Engine& engine, int batch, int prompt_tokens, uint32_t seed);

}  // namespace bitnet
