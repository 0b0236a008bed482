#include "service/openai/chat_request.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/openai/tool_choice.h"

namespace bitnet::openai {
namespace {

std::optional<v1::Role> RoleOf(const std::string& name) {
  if (name == "system" || name == "developer") {
    return v1::ROLE_SYSTEM;
  }
  if (name == "user") {
    return v1::ROLE_USER;
  }
  if (name == "assistant") {
    return v1::ROLE_ASSISTANT;
  }
  if (name == "tool" || name == "function") {
    return v1::ROLE_TOOL;
  }
  return std::nullopt;
}

// A string, or parts that are all text.
std::string ReadContent(JsonFields& fields) {
  const Json* const content = fields.Any("content");
  if (content == nullptr) {
    return "";
  }
  if (content->is_string()) {
    return content->get<std::string>();
  }
  std::string text;
  if (content->is_array()) {
    for (const Json& part : *content) {
      if (!part.is_object() || part.value("type", "") != "text" || !part.contains("text") ||
          !part["text"].is_string()) {
        fields.Refuse("content", "wanted parts of type \"text\" alone: the models here read nothing else");
        return "";
      }
      text += part["text"].get<std::string>();
    }
    return text;
  }
  fields.Refuse("content", "wanted a string or an array of parts");
  return "";
}

void ReadMessage(JsonFields& fields, v1::ChatMessage& message) {
  const std::optional<v1::Role> role = RoleOf(fields.String("role").value_or(""));
  if (role.has_value()) {
    message.set_role(*role);
  } else {
    fields.Refuse("role", "wanted \"system\", \"developer\", \"user\", \"assistant\" or \"tool\"");
  }
  message.set_content(ReadContent(fields));
  message.set_name(fields.String("name").value_or(""));
  message.set_tool_call_id(fields.String("tool_call_id").value_or(""));
  message.set_reasoning(fields.String("reasoning_content").value_or(""));
  if (const Json* const calls = fields.Array("tool_calls"); calls != nullptr && !calls->empty()) {
    message.set_tool_calls(Dump(*calls));
  }
}

void ReadLogprobs(JsonFields& fields, v1::GenerateRequest& request, CompletionRequest& out) {
  out.logprobs = fields.Bool("logprobs").value_or(false);
  const std::optional<int64_t> top = fields.Integer("top_logprobs", 0, 20);
  if (top.has_value() && !out.logprobs) {
    fields.Refuse("top_logprobs", "wanted only together with \"logprobs\": true");
  }
  if (out.logprobs) {
    request.set_logprobs(static_cast<uint32_t>(top.value_or(0)));
  }
}

}  // namespace

v1::ChatMessages ReadMessages(JsonFields& fields) {
  v1::ChatMessages messages;
  const Json* const list = fields.Array("messages");
  if (list == nullptr || list->empty()) {
    fields.Refuse("messages", "wanted an array of at least one message");
    return messages;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = absl::StrCat("messages[", i, "]");
    if ((*list)[i].is_object()) {
      JsonFields inner((*list)[i], path, fields.found());
      ReadMessage(inner, *messages.add_messages());
    } else {
      fields.found().Add(path, "is not an object, wanted a message");
    }
  }
  if (const Json* const variables = fields.Object("chat_template_kwargs")) {
    messages.set_variables(Dump(*variables));
  }
  return messages;
}

absl::StatusOr<CompletionRequest> ReadChatRequest(const Json& body) {
  FieldViolations found;
  JsonFields fields(body, "", found);
  CompletionRequest out;
  v1::GenerateRequest request = ReadCommon(fields, out);
  *request.mutable_messages() = ReadMessages(fields);
  ReadLogprobs(fields, request, out);
  ReadTools(fields, request, out);
  RETURN_IF_ERROR(found.status());
  out.prompts.push_back(std::move(request));
  return out;
}

}  // namespace bitnet::openai
