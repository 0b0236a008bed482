// The body of POST /v1/completions.
#pragma once

#include "absl/status/statusor.h"
#include "service/openai/json.h"
#include "service/openai/request.h"

namespace bitnet::openai {

// INVALID_ARGUMENT names the fields that are wrong.
absl::StatusOr<CompletionRequest> ReadCompletionRequest(const Json& body);

}  // namespace bitnet::openai
