// {{ value | filter(arguments) }}
#pragma once

#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/budget.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// INVALID_ARGUMENT if there is no such filter, or it cannot take this input or these arguments.
absl::StatusOr<Value> ApplyFilter(Budget& budget, std::string_view name, const Value& input,
                                  const Arguments& arguments);

struct NamedFilter {
  std::string_view name;
  absl::StatusOr<Value> (*apply)(Budget&, const Value& input, const Arguments&);
};

// Of those that make text, numbers and the like of a value.
std::span<const NamedFilter> ScalarFilters();
// Of those that take items one by one.
std::span<const NamedFilter> SequenceFilters();

}  // namespace bitnet::jinja
