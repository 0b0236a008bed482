// Prompts as OpenAI's requests have them: one or several, as texts or as token ids.
#pragma once

#include <vector>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/openai/json_fields.h"

namespace bitnet::openai {

// Of the field `name`: a string, an array of strings, of token ids, or of arrays of token ids. What else it
// is, or that it is missing or empty, is a violation, and none are returned.
std::vector<v1::EmbedInput> ReadPrompts(JsonFields& fields, const char* name);

}  // namespace bitnet::openai
