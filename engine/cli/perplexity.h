// How well a model predicts given answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/cli/options.h"

namespace bitnet {

// A text whose tokens from `answer_start` on are to be predicted.
struct ScoredText {
  std::vector<int32_t> ids;
  size_t answer_start = 0;  // At least 1: something must come before a prediction.
};

// One line of the file: {"ids": [1, 2, 3], "answer_start": 2}, its two keys in either order. INVALID_ARGUMENT
// says what is wrong and where.
absl::StatusOr<ScoredText> ParseScoredText(std::string_view line);

struct Perplexity {
  double value = 0;  // e to the mean negative log-probability.
  size_t tokens = 0;
  size_t texts = 0;
};

// Runs every line of options.perplexity_file. Empty lines are skipped.
absl::StatusOr<Perplexity> MeasurePerplexity(const std::string& model_path, const InferOptions& options);

}  // namespace bitnet
