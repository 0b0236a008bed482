// Numbers among values.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

struct Number {
  double value;
  std::optional<int64_t> integer;  // Set unless it is a float.
};

// Of integers, floats and, as in Python, booleans.
inline std::optional<Number> ToNumber(const Value& value) {
  if (value.boolean() != nullptr) {
    return Number{*value.boolean() ? 1.0 : 0.0, *value.boolean() ? 1 : 0};
  }
  if (value.integer() != nullptr) {
    return Number{static_cast<double>(*value.integer()), *value.integer()};
  }
  if (value.floating() != nullptr) {
    return Number{*value.floating(), std::nullopt};
  }
  return std::nullopt;
}

// The integer, or nothing if it is none.
inline std::optional<int64_t> ToInteger(const Value& value) {
  const std::optional<Number> number = ToNumber(value);
  return number.has_value() ? number->integer : std::nullopt;
}

}  // namespace bitnet::jinja
