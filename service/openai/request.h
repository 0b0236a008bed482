// What a request for completions asks for, beside its prompt.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/openai/json_fields.h"

namespace bitnet::openai {

// Answers that one request may ask for: prompts times `n`.
inline constexpr int kMaxChoices = 128;

// One request for completions, of either kind.
struct CompletionRequest {
  // One for each prompt, and without a model where the client named an adapter.
  std::vector<v1::GenerateRequest> prompts;
  int n = 1;  // Answers to each prompt. The i-th has `seed` + i.
  bool stream = false;
  bool include_usage = false;  // In a stream: a last chunk tells the usage.
  bool logprobs = false;
  bool echo = false;  // Each answer begins with its prompt.

  // Of chats:
  bool tools = false;        // Answers may have calls of tools in them.
  bool forced_call = false;  // Each answer is the JSON of one call.
};

// What both kinds have: the model, sampling, limits, stops, the form of the answer, streaming. Beside
// OpenAI's fields: top_k, min_p, repetition_penalty, min_tokens, ignore_eos, priority, time_limit_seconds,
// regex and grammar, as v1::GenerateRequest has them. Fields that would change the answer and that we do not
// have are refused; `user`, `store` and other notes are ignored.
v1::GenerateRequest ReadCommon(JsonFields& fields, CompletionRequest& out);

// The field `priority`, "interactive", "normal" or "background"; normal without it.
v1::Priority ReadPriority(JsonFields& fields);

}  // namespace bitnet::openai
