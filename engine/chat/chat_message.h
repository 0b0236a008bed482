// One message of a conversation.
#pragma once

#include <string>

namespace bitnet {

enum class ChatRole { kSystem, kUser, kAssistant, kTool };

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
