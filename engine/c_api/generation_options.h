// What is asked of the engine, from C.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bitnet/bitnet.h"
#include "engine/generation.h"

namespace bitnet {

struct AnswerRequest {
  GenerationRequest generation;
  std::vector<std::string> stops;
};

// `given` may be null. INVALID_ARGUMENT or UNIMPLEMENTED names the field that is wrong, or that we do not
// know; values that are only out of range are the engine's to refuse.
absl::StatusOr<AnswerRequest> ReadAnswerRequest(std::span<const int32_t> prompt,
                                                const bitnet_generation_options* given);

}  // namespace bitnet
