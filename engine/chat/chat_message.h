// One message of a conversation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace bitnet {

enum class ChatRole { kSystem, kUser, kAssistant, kTool };

// What templates and programs call them.
inline constexpr std::string_view kChatRoleNames[] = {"system", "user", "assistant", "tool"};
constexpr std::string_view ChatRoleName(ChatRole role) { return kChatRoleNames[static_cast<size_t>(role)]; }
// Nothing for other names.
constexpr std::optional<ChatRole> FindChatRole(std::string_view name) {
  const auto* found = std::ranges::find(kChatRoleNames, name);
  if (found == std::end(kChatRoleNames)) {
    return std::nullopt;
  }
  return static_cast<ChatRole>(found - std::begin(kChatRoleNames));
}

struct ChatMessage {
  ChatRole role;
  std::string content;
  // Whatever is empty is not there for the template.
  std::string name = {};          // Of the function whose answer kTool brings, or of who speaks.
  std::string tool_call_id = {};  // Which call kTool answers.
  // The calls that kAssistant made: a JSON array of {"function": {"name": "f", "arguments": {...}}}.
  // Arguments that are a string with a JSON object in it, as some clients send, count as that object.
  std::string tool_calls = {};
  std::string reasoning = {};  // What kAssistant thought; templates call it reasoning_content.
};

}  // namespace bitnet
