// The `loop` variable of {% for %}.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// loop.index, loop.first and so on; undefined if it has no such attribute. `loop` is one.
absl::StatusOr<Value> LoopAttribute(const Value& loop, std::string_view name);

}  // namespace bitnet::jinja
