#include "engine/chat/jinja/from_json.h"

#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "base/status_macros.h"

namespace bitnet::jinja {
namespace {

constexpr int kMaxDepth = 90;  // Below what containers may nest, so that a template can wrap it.

absl::StatusOr<Value> Convert(const nlohmann::ordered_json& json, Origin origin, int depth) {
  if (depth > kMaxDepth) {
    return absl::InvalidArgumentError("the JSON nests more than 90 deep");
  }
  switch (json.type()) {
    case nlohmann::json::value_t::object: {
      std::vector<std::pair<Text, Value>> items;
      for (const auto& [key, item] : json.items()) {
        ASSIGN_OR_RETURN(Value value, Convert(item, origin, depth + 1));
        items.emplace_back(Text(key, origin), std::move(value));
      }
      return Value::MakeDict(std::move(items));
    }
    case nlohmann::json::value_t::array: {
      std::vector<Value> items;
      for (const auto& item : json) {
        ASSIGN_OR_RETURN(Value value, Convert(item, origin, depth + 1));
        items.push_back(std::move(value));
      }
      return Value::MakeList(std::move(items));
    }
    case nlohmann::json::value_t::string:
      return Value::String(json.get_ref<const std::string&>(), origin);
    case nlohmann::json::value_t::boolean:
      return Value::Bool(json.get<bool>());
    case nlohmann::json::value_t::number_integer:
      return Value::Int(json.get<int64_t>());
    case nlohmann::json::value_t::number_unsigned: {
      const auto number = json.get<uint64_t>();
      if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return Value::Float(static_cast<double>(number));
      }
      return Value::Int(static_cast<int64_t>(number));
    }
    case nlohmann::json::value_t::number_float:
      return Value::Float(json.get<double>());
    default:
      return Value::None();
  }
}

}  // namespace

absl::StatusOr<Value> FromJson(const nlohmann::ordered_json& json, Origin origin) {
  return Convert(json, origin, 1);
}

}  // namespace bitnet::jinja
