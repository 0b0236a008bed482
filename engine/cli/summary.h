// What an answer took, in words.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "engine/cli/generate.h"
#include "engine/engine.h"

namespace bitnet {

// "12 tokens at 35.1 tokens/s, interrupted".
std::string AnswerSummary(const Answer& answer);

// Lines for loading, prefill, decode and the total, aligned.
std::string RunSummary(const Engine& engine, const Answer& answer, absl::Duration load, absl::Duration total);

}  // namespace bitnet
