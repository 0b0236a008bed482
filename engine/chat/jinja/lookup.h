// Parts of values: object.name, object[index], object[begin:end:step], and what a loop goes through.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/budget.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// A method, or an item by its key. Undefined if there is neither; an error if `object` is undefined itself.
absl::StatusOr<Value> GetAttribute(Budget& budget, const Value& object, std::string_view name);
// An item by key or index, or else a method. Undefined and an error as above.
absl::StatusOr<Value> GetItem(Budget& budget, const Value& object, const Value& index);
// `begin`, `end` and `step` are null or none where they are missing. Of a string or list.
absl::StatusOr<Value> GetSlice(Budget& budget, const Value& object, const Value* begin, const Value* end,
                               const Value* step);

// A list's items, a mapping's keys, a string's characters; nothing of what is undefined.
absl::StatusOr<std::vector<Value>> ItemsOf(Budget& budget, const Value& value);

// Of strings, mappings and lists: what GetAttribute finds. Nothing if there is no such method.
std::optional<Function> FindMethod(const Value& object, std::string_view name);

}  // namespace bitnet::jinja
