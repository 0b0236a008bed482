#include "engine/chat/jinja/value.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace bitnet::jinja {
namespace {

constexpr int kMaxNesting = 100;  // Containers are also printed, compared and destroyed recursively.

absl::Status CheckDepth(int depth) {
  if (depth > kMaxNesting) {
    return absl::InvalidArgumentError("containers hold plain values, at most 100 deep");
  }
  return absl::OkStatus();
}

}  // namespace

Value Value::MakeUndefined(std::string_view name) {
  constexpr size_t kMaxName = 64;  // A message needs no more, and a key that a template makes may be huge.
  std::string kept(name.substr(0, kMaxName));
  if (name.size() > kMaxName) {
    kept += "...";
  }
  return Value(Undefined{std::make_shared<const std::string>(std::move(kept))});
}

absl::StatusOr<Value> Value::MakeList(std::vector<Value> items, bool is_tuple) {
  int depth = 0;
  for (const Value& item : items) {
    depth = std::max(depth, item.NestingDepth());
  }
  if (absl::Status status = CheckDepth(depth + 1); !status.ok()) {
    return status;
  }
  return Value(std::make_shared<const List>(List{std::move(items), is_tuple, depth + 1}));
}

absl::StatusOr<Value> Value::MakeDict(std::vector<std::pair<Text, Value>> items) {
  Dict dict;
  // Sorted by key to find repeated ones without comparing all with all.
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::ranges::stable_sort(order, {}, [&](size_t i) -> const std::string& { return items[i].first.bytes(); });
  std::vector<bool> dropped(items.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && items[order[end]].first == items[order[begin]].first) {
      dropped[order[end]] = true;
      ++end;
    }
    items[order[begin]].second = items[order[end - 1]].second;
    begin = end;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    if (!dropped[i]) {
      dict.depth = std::max(dict.depth, items[i].second.NestingDepth() + 1);
      dict.items.push_back(std::move(items[i]));
    }
  }
  if (absl::Status status = CheckDepth(dict.depth); !status.ok()) {
    return status;
  }
  return Value(std::make_shared<const Dict>(std::move(dict)));
}

Value Value::MakeNamespace() { return Value(std::make_shared<Namespace>()); }

Value Value::Of(Function function) { return Value(std::make_shared<const Function>(std::move(function))); }

bool Value::IsTrue() const {
  if (is_undefined() || is_none()) return false;
  if (boolean() != nullptr) return *boolean();
  if (integer() != nullptr) return *integer() != 0;
  if (floating() != nullptr) return *floating() != 0;
  if (text() != nullptr) return !text()->empty();
  if (list() != nullptr) return !list()->items.empty();
  if (dict() != nullptr) return !dict()->items.empty();
  return true;
}

std::string_view Value::TypeName() const {
  if (is_undefined()) return "undefined";
  if (is_none()) return "none";
  if (boolean() != nullptr) return "boolean";
  if (integer() != nullptr) return "integer";
  if (floating() != nullptr) return "float";
  if (text() != nullptr) return "string";
  if (list() != nullptr) return list()->is_tuple ? "tuple" : "list";
  if (dict() != nullptr) return "mapping";
  if (name_space() != nullptr) return "namespace";
  if (loop() != nullptr) return "loop";
  return "function";
}

std::string Value::Describe() const {
  if (const auto* undefined = std::get_if<Undefined>(&value_); undefined != nullptr && undefined->name) {
    return absl::StrCat("'", *undefined->name, "' is undefined");
  }
  return absl::StrCat("it is ", std::string(TypeName()));
}

int Value::NestingDepth() const {
  if (list() != nullptr) return list()->depth;
  if (dict() != nullptr) return dict()->depth;
  // These may refer to anything.
  return name_space() != nullptr || loop() != nullptr || function() != nullptr ? kMaxNesting + 1 : 0;
}

const Value* Dict::Find(std::string_view key) const {
  const auto it =
      std::ranges::find(items, key, [](const auto& item) -> std::string_view { return item.first.bytes(); });
  return it != items.end() ? &it->second : nullptr;
}

const Value* Namespace::Find(std::string_view name) const {
  const auto it =
      std::ranges::find(items, name, [](const auto& item) -> std::string_view { return item.first; });
  return it != items.end() ? &it->second : nullptr;
}

absl::Status Namespace::Set(std::string_view name, Value value) {
  if (absl::Status status = CheckDepth(value.NestingDepth()); !status.ok()) {
    return status;
  }
  const auto it =
      std::ranges::find(items, name, [](const auto& item) -> std::string_view { return item.first; });
  if (it != items.end()) {
    it->second = std::move(value);
  } else {
    items.emplace_back(std::string(name), std::move(value));
  }
  return absl::OkStatus();
}

}  // namespace bitnet::jinja
