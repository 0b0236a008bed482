// One answer: asks the engine for it and writes it out as it comes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/cli/interrupts.h"
#include "engine/engine.h"

namespace bitnet {

enum class AnswerEnd {
  kEndToken,  // The model ended it.
  kStopString,
  kLength,  // As many tokens as were asked for, or as fit.
  kInterrupted,
};

struct Answer {
  std::string text;
  AnswerEnd end = AnswerEnd::kEndToken;
  GenerationUsage usage;
  std::vector<GeneratedToken> tokens;
};

// Calls `write` with pieces of text as they become safe to show: whole characters, and nothing that may be
// the beginning of a stop string. ctrl-C ends the answer early; a second one ends the process.
// FAILED_PRECONDITION: the vocabulary cannot write what the request's constraint wants.
absl::StatusOr<Answer> Generate(Engine& engine, GenerationRequest request,
                                const std::vector<std::string>& stops, Interrupts& interrupts,
                                absl::FunctionRef<void(std::string_view)> write);

}  // namespace bitnet
