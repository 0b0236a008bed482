// JSON into the values of templates.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// The order of keys stays. All texts, keys too, have `origin`. INVALID_ARGUMENT if it nests too deeply.
absl::StatusOr<Value> FromJson(const nlohmann::ordered_json& json, Origin origin);

}  // namespace bitnet::jinja
