// Calls of tools in a model's answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/openai/json.h"

namespace bitnet::openai {

struct ToolCall {
  std::string id;  // Drawn here.
  std::string name;
  std::string arguments;  // A JSON object.
};

// As OpenAI writes it.
Json ToJson(const ToolCall& call);

// Of {"name": "f", "arguments": {...}}, or "parameters" as Llama calls them. None if it is no such JSON.
std::optional<ToolCall> ParseToolCall(std::string_view text);

// Tells calls from text in an answer as it comes. Knows the two ways that models of this size have learned:
// <tool_call>JSON</tool_call> of Hermes, Qwen and Falcon3, anywhere and any number, and an answer that is
// nothing but the JSON of a call, of Llama 3. What looks like a call and is none is text.
class ToolCallParser {
 public:
  // The text that is certainly none of a call.
  std::string Add(std::string_view text);
  // The text that is left at the end.
  std::string Finish();
  // Those that are complete since the last time.
  std::vector<ToolCall> TakeCalls();

 private:
  std::string ReadText();
  std::string ReadCall(bool at_end);

  std::string pending_;
  bool begun_ = false;    // Something but white space has come.
  bool is_json_ = false;  // The whole answer may be a call.
  bool in_call_ = false;
  bool at_gap_ = true;  // Nothing but white space since the beginning, or since a call.
  bool had_call_ = false;
  std::vector<ToolCall> calls_;
};

}  // namespace bitnet::openai
