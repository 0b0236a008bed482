// {{ value is test(arguments) }}
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/budget.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// INVALID_ARGUMENT if there is no such test, or it cannot be asked of this value.
absl::StatusOr<bool> ApplyTest(Budget& budget, std::string_view name, const Value& value,
                               const Arguments& arguments);

}  // namespace bitnet::jinja
