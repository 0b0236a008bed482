// What operators do to values, as Python defines it.
#pragma once

#include <compare>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/budget.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// `op` is + - * / // % ** or ~. Errors name the operator and the types.
absl::StatusOr<Value> ApplyBinary(Budget& budget, std::string_view op, const Value& left, const Value& right);
// `op` is + or -.
absl::StatusOr<Value> ApplyUnary(std::string_view op, const Value& operand);

// 1 == 1.0 == True; values of different types are otherwise unequal.
absl::StatusOr<bool> Equal(Budget& budget, const Value& left, const Value& right);
// Numbers, strings and lists have an order among themselves; all else is an error.
absl::StatusOr<std::partial_ordering> Compare(Budget& budget, const Value& left, const Value& right);
// `op` is == != < <= > >= in or "not in".
absl::StatusOr<bool> ApplyComparison(Budget& budget, std::string_view op, const Value& left,
                                     const Value& right);
// An item in a list, a key in a dict, a text in a text.
absl::StatusOr<bool> Contains(Budget& budget, const Value& container, const Value& item);

// 'abc' % values and the filter format: %s, %d, %i and %% in `format`.
absl::StatusOr<Value> FormatPercent(Budget& budget, const Text& format, const std::vector<Value>& values);

}  // namespace bitnet::jinja
