// Errors as OpenAI's clients read them.
#pragma once

#include "absl/status/status.h"
#include "service/http/http_answer.h"
#include "service/openai/json.h"

namespace bitnet::openai {

// {"error": {"message", "type", "param", "code"}}. `param` is the first field that is wrong, under the name
// that it has here; `code` is the reason of google.rpc.ErrorInfo.
Json ErrorJson(const absl::Status& status);
// With the HTTP status that says the same, and with Retry-After where the error says when to come back.
HttpAnswer ErrorAnswer(const absl::Status& status);
HttpAnswer JsonAnswer(const Json& json);

}  // namespace bitnet::openai
