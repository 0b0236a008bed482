// Conversations as prompts.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/c_api/objects.h"
#include "engine/c_api/outputs.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

namespace bitnet {
namespace {

struct Conversation {
  std::vector<ChatMessage> messages;
  ChatOptions options;
};

std::string TextOrEmpty(const char* text) { return text == nullptr ? "" : text; }

absl::StatusOr<ChatMessage> ReadMessage(const bitnet_chat_message* given) {
  ASSIGN_OR_RETURN(const bitnet_chat_message message, ReadOptions(given, "bitnet_chat_message"));
  RETURN_IF_ERROR(CheckNotNull(message.role, "role"));
  const std::optional<ChatRole> role = FindChatRole(message.role);
  if (!role.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("role is \"%s\"; it must be system, user, assistant or tool", message.role));
  }
  return ChatMessage{.role = *role,
                     .content = TextOrEmpty(message.content),
                     .name = TextOrEmpty(message.name),
                     .tool_call_id = TextOrEmpty(message.tool_call_id),
                     .tool_calls = TextOrEmpty(message.tool_calls),
                     .reasoning = TextOrEmpty(message.reasoning)};
}

absl::StatusOr<ChatOptions> ReadChatOptions(const bitnet_chat_options* given) {
  ASSIGN_OR_RETURN(const bitnet_chat_options options, ReadOptions(given, "bitnet_chat_options"));
  RETURN_IF_ERROR(CheckFlags(options.flags, BITNET_NO_GENERATION_PROMPT));
  RETURN_IF_ERROR(CheckReserved(options.reserved));
  return ChatOptions{.add_generation_prompt = (options.flags & BITNET_NO_GENERATION_PROMPT) == 0,
                     .tools = TextOrEmpty(options.tools),
                     .variables = TextOrEmpty(options.variables)};
}

// The size of the caller's messages is the distance between them.
absl::StatusOr<std::vector<ChatMessage>> ReadMessages(const bitnet_chat_message* given, size_t num_messages) {
  std::vector<ChatMessage> messages;
  if (num_messages == 0) {
    return messages;  // The template says what it thinks of that.
  }
  RETURN_IF_ERROR(CheckNotNull(given, "messages"));
  ASSIGN_OR_RETURN(const size_t distance, StructSize(given, "bitnet_chat_message"));
  const auto* bytes = reinterpret_cast<const char*>(given);
  for (size_t i = 0; i < num_messages; ++i) {
    absl::StatusOr<ChatMessage> message =
        ReadMessage(reinterpret_cast<const bitnet_chat_message*>(bytes + i * distance));
    if (!message.ok()) {
      return absl::Status(message.status().code(),
                          absl::StrFormat("messages[%d]: %s", i, message.status().message()));
    }
    messages.push_back(*std::move(message));
  }
  return messages;
}

absl::StatusOr<Conversation> ReadConversation(const bitnet_engine* engine,
                                              const bitnet_chat_message* messages, size_t num_messages,
                                              const bitnet_chat_options* options) {
  RETURN_IF_ERROR(CheckNotNull(engine, "engine"));
  Conversation conversation;
  ASSIGN_OR_RETURN(conversation.messages, ReadMessages(messages, num_messages));
  ASSIGN_OR_RETURN(conversation.options, ReadChatOptions(options));
  return conversation;
}

}  // namespace
}  // namespace bitnet

extern "C" {

bitnet_code bitnet_chat_tokenize(const bitnet_engine* engine, const bitnet_chat_message* messages,
                                 size_t num_messages, const bitnet_chat_options* options, int32_t* tokens,
                                 size_t capacity, size_t* length, bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const bitnet::Conversation chat,
                     bitnet::ReadConversation(engine, messages, num_messages, options));
    ASSIGN_OR_RETURN(const std::vector<int32_t> ids,
                     engine->engine->chat().Encode(chat.messages, chat.options));
    return bitnet::WriteArray(std::span(ids), tokens, capacity, length);
  });
}

bitnet_code bitnet_chat_render(const bitnet_engine* engine, const bitnet_chat_message* messages,
                               size_t num_messages, const bitnet_chat_options* options, char* text,
                               size_t capacity, size_t* length, bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const bitnet::Conversation chat,
                     bitnet::ReadConversation(engine, messages, num_messages, options));
    ASSIGN_OR_RETURN(const std::string rendered, engine->engine->chat().Render(chat.messages, chat.options));
    return bitnet::WriteText(rendered, text, capacity, length);
  });
}

}  // extern "C"
