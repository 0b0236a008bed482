// How a conversation is written for the model.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/chat/chat_message.h"
#include "engine/chat/jinja/template.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

struct ChatOptions {
  bool add_generation_prompt = true;   // Ends with the beginning of the assistant's next message.
  std::string tools = {};              // Functions that the model may call: a JSON array, or empty.
  std::string variables = {};          // More for the template: a JSON object, {"enable_thinking": false}.
  std::optional<absl::Time> now = {};  // The date that some templates show; the clock's if missing.
};

// The template that a model was trained with, a program in the Jinja language, which came with its file.
// Immutable; safe to share between threads.
//
// Bytes that come from messages, tools and variables stay marked as such through whatever the template does
// to them (jinja::Text), and no marker such as <|eot_id|> is recognised where one of its bytes is. What lies
// between two markers is encoded as one text, so that "User: " and the first word meet as in training.
class ChatTemplate {
 public:
  // Reads tokenizer.chat_template and, where there are tools, tokenizer.chat_template.tool_use. Models of
  // architectures bitnet-b1.58 and bitnet-25 without one get the template of BitNet-b1.58-2B-4T, and so does
  // the placeholder in that model's official file, which it never saw in training. `tokenizer` is borrowed.
  //
  // A model whose template we cannot read is good for plain text all the same: the mistake is the answer of
  // Render and Encode.
  static ChatTemplate FromModel(const ModelFile& file, const Tokenizer& tokenizer);

  // Whether the model was made for conversations.
  bool known() const { return !templates_.empty(); }
  // Whether it can tell the model of functions that it may call.
  bool knows_tools() const { return knows_tools_; }

  // FAILED_PRECONDITION: the model has no template, or one we cannot read. INVALID_ARGUMENT: no messages, a
  // tool or variable that is no such JSON, tools for a template that knows none, or what the template itself
  // does not like.
  absl::StatusOr<std::string> Render(std::span<const ChatMessage> messages, const ChatOptions& options) const;
  // As tokens, with the beginning-of-sequence token in front where the model wants one.
  absl::StatusOr<std::vector<int32_t>> Encode(std::span<const ChatMessage> messages,
                                              const ChatOptions& options = {}) const;

 private:
  explicit ChatTemplate(const Tokenizer* tokenizer) : tokenizer_(tokenizer) {}

  void Add(std::string name, std::string_view source);
  absl::StatusOr<const jinja::Template*> Choose(bool with_tools) const;
  absl::StatusOr<jinja::Text> RenderText(std::span<const ChatMessage> messages,
                                         const ChatOptions& options) const;

  const Tokenizer* tokenizer_;
  bool knows_tools_ = false;
  std::map<std::string, absl::StatusOr<jinja::Template>, std::less<>> templates_;  // By name; "" is the one.
  std::vector<std::pair<std::string, std::string>>
      special_tokens_;  // bos_token and others, with their texts.
};

}  // namespace bitnet
