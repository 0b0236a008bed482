// Values as text: Python's str() and repr(), and JSON.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/budget.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// As Python's str(): strings as they are, "" for what is undefined, and True, None, [1, 'a'], {'k': 1.0}.
absl::StatusOr<Text> ToText(Budget& budget, const Value& value);

// The shortest digits that give the same number again, written as Python's repr() does.
std::string FloatText(double value);

struct JsonStyle {
  std::optional<std::string> indent;  // Of one level; without, everything is on one line.
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool ensure_ascii = false;
  bool sort_keys = false;
};

// As Python's json.dumps(). An error for what is undefined or no data.
absl::StatusOr<Text> ToJson(Budget& budget, const Value& value, const JsonStyle& style);

}  // namespace bitnet::jinja
