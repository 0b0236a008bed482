// Sequences that decode together, timed step by step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"

namespace bitnet {

struct DecodePlan {
  int batch = 1;
  int context =
      0;  // Positions of each sequence before it decodes; 0 is run as 1, for something must come first.
  int steps = 32;  // Of a repetition.
  int repetitions = 5;
  int chunk_size = 256;  // The engine's.

  // Tokens that each sequence may generate at most, so that all decode until the last step is timed.
  int max_tokens() const;
  size_t positions() const { return static_cast<size_t>(prompt_tokens()) + max_tokens(); }
  int prompt_tokens() const { return context > 0 ? context : 1; }
};

struct DecodeTimes {
  std::vector<double> seconds;                // Of each repetition, plan.steps steps of plan.batch tokens.
  std::optional<std::vector<double>> joules;  // The same, where they are counted.
  double mean_position = 0;                   // Keys that a token attended to.
};

// Submits all sequences at once and cancels them when enough steps were timed. Repetitions follow each other
// without a pause, each going on where the last one ended; a first one is not counted. Prompts are random and
// differ by `seed`, so that nothing cached helps.
absl::StatusOr<DecodeTimes> RunDecode(Engine& engine, const DecodePlan& plan, uint32_t seed);

// Seconds from now to the first token of a prompt of one token.
absl::StatusOr<double> TimeFirstToken(Engine& engine);

}  // namespace bitnet
