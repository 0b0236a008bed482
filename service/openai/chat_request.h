// The body of POST /v1/chat/completions.
#pragma once

#include "absl/status/statusor.h"
#include "service/openai/json.h"
#include "service/openai/request.h"

namespace bitnet::openai {

// INVALID_ARGUMENT names the fields that are wrong. Beside OpenAI's: chat_template_kwargs, more for the
// model's chat template.
absl::StatusOr<CompletionRequest> ReadChatRequest(const Json& body);

// The messages and tools alone, as /tokenize takes them.
v1::ChatMessages ReadMessages(JsonFields& fields);

}  // namespace bitnet::openai
