#include "engine/chat/template_variables.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/from_json.h"

namespace bitnet {
namespace {

using Json = nlohmann::ordered_json;
using jinja::Origin;
using jinja::Text;
using jinja::Value;

absl::StatusOr<Json> ParseJson(const std::string& text, Json::value_t wanted, const std::string& name) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.type() != wanted) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is no JSON ", wanted == Json::value_t::array ? "array" : "object"));
  }
  return json;
}

// Replaces arguments that are a string with a JSON object in it by that object.
void UnpackArguments(Json& calls) {
  for (Json& call : calls) {
    if (!call.is_object()) {
      continue;
    }
    Json& function = call.contains("function") ? call["function"] : call;
    if (!function.is_object() || !function.contains("arguments") || !function["arguments"].is_string()) {
      continue;
    }
    absl::StatusOr<Json> arguments =
        ParseJson(function["arguments"].get_ref<const std::string&>(), Json::value_t::object, "arguments");
    if (arguments.ok()) {
      function["arguments"] = *std::move(arguments);
    }
  }
}

absl::StatusOr<Value> MessageValue(const ChatMessage& message, size_t index) {
  std::vector<std::pair<Text, Value>> items;
  const auto add = [&](std::string_view name, Value value) {
    items.emplace_back(Text(name, Origin::kTemplate), std::move(value));
  };
  const auto add_text = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) {
      add(name, Value::String(text, Origin::kUser));
    }
  };
  add("role", Value::String(ChatRoleName(message.role)));
  add("content", Value::String(message.content, Origin::kUser));
  add_text("name", message.name);
  add_text("tool_call_id", message.tool_call_id);
  add_text("reasoning_content", message.reasoning);
  if (!message.tool_calls.empty()) {
    ASSIGN_OR_RETURN(Json calls, ParseJson(message.tool_calls, Json::value_t::array,
                                           absl::StrCat("messages[", index, "].tool_calls")));
    UnpackArguments(calls);
    ASSIGN_OR_RETURN(Value value, jinja::FromJson(calls, Origin::kUser));
    add("tool_calls", std::move(value));
  }
  return Value::MakeDict(std::move(items));
}

size_t Bytes(const ChatMessage& message) {
  return 64 + message.content.size() + message.name.size() + message.tool_call_id.size() +
         message.tool_calls.size() + message.reasoning.size();
}

}  // namespace

absl::StatusOr<TemplateVariables> MakeTemplateVariables(
    std::span<const ChatMessage> messages, const ChatOptions& options,
    std::span<const std::pair<std::string, std::string>> special_tokens) {
  TemplateVariables variables{.values = {}, .input_bytes = options.tools.size() + options.variables.size()};
  std::vector<Value> list;
  for (const ChatMessage& message : messages) {
    ASSIGN_OR_RETURN(Value value, MessageValue(message, list.size()));
    list.push_back(std::move(value));
    variables.input_bytes += Bytes(message);
  }
  auto& values = variables.values;
  for (const auto& [name, text] : special_tokens) {
    values.emplace_back(name, Value::String(text));
  }
  if (!options.variables.empty()) {
    ASSIGN_OR_RETURN(const Json json, ParseJson(options.variables, Json::value_t::object, "variables"));
    for (const auto& [name, item] : json.items()) {
      ASSIGN_OR_RETURN(Value value, jinja::FromJson(item, Origin::kUser));
      values.emplace_back(name, std::move(value));
    }
  }
  ASSIGN_OR_RETURN(Value messages_value, Value::MakeList(std::move(list)));
  values.emplace_back("messages", std::move(messages_value));
  values.emplace_back("add_generation_prompt", Value::Bool(options.add_generation_prompt));
  // Missing ones are none, as templates are used to.
  values.emplace_back("documents", Value::None());
  Value tools = Value::None();
  if (!options.tools.empty()) {
    ASSIGN_OR_RETURN(const Json json, ParseJson(options.tools, Json::value_t::array, "tools"));
    ASSIGN_OR_RETURN(tools, jinja::FromJson(json, Origin::kUser));
  }
  values.emplace_back("tools", std::move(tools));
  return variables;
}

}  // namespace bitnet
