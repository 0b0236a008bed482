// JSON Schemas as grammars.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/grammar/grammar.h"

namespace bitnet {

// A subset of draft 2020-12. What the grammar matches is JSON that the schema accepts, but not all of it: how
// it is written is chosen (json_text.h), and so is more, in italics in this folder's README.
//
// INVALID_ARGUMENT names the place in the schema, as a JSON pointer, and what is not possible there. A
// keyword that restricts values is never ignored.
absl::StatusOr<Grammar> CompileJsonSchema(std::string_view schema);

// Any JSON object.
absl::StatusOr<Grammar> CompileJsonObject();

}  // namespace bitnet
