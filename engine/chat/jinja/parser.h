// A template's statements.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/syntax.h"

namespace bitnet::jinja {

// INVALID_ARGUMENT says in which line what was wanted and what was found.
absl::StatusOr<Block> ParseTemplate(std::string_view source);

}  // namespace bitnet::jinja
