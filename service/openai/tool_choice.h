// Functions that a chat may call: tools and tool_choice.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "service/openai/json.h"
#include "service/openai/request.h"

namespace bitnet::openai {

// "none" leaves the tools out. "required", or one of them by name, constrains the answer to the JSON of a
// call, whatever way of writing one the model has learned.
void ReadTools(JsonFields& fields, v1::GenerateRequest& request, CompletionRequest& out);

// The JSON Schema of a call, {"name": ..., "arguments": ...}, of one of `tools`, which are OpenAI's: an array
// of {"type": "function", "function": {...}}. INVALID_ARGUMENT: parameters with references of their own,
// where there are several tools.
absl::StatusOr<Json> CallSchema(const Json& tools);

}  // namespace bitnet::openai
