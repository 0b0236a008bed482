#include "engine/chat/chat_template.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "engine/chat/template_variables.h"

namespace bitnet {
namespace {

constexpr std::string_view kKey = "tokenizer.chat_template";
constexpr std::string_view kToolUse = "tool_use";

// Of BitNet-b1.58-2B-4T, from its tokenizer_config.json. Nothing in it writes the token that begins a
// sequence: the tokenizer adds it.
constexpr std::string_view kBitnetTemplate =
    "{% for message in messages %}{{ message['role'] | capitalize + ': ' + message['content'] | trim + "
    "'<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}";
constexpr std::string_view kBitnetEndOfTurn = "<|eot_id|>";
// What only that model's official file says: its converter wrote a template of its own.
constexpr std::string_view kPlaceholder = "BITNETAssistant: ";

bool IsBitnet(const ModelFile& file) {
  const absl::StatusOr<std::string> architecture = file.GetString("general.architecture");
  return architecture.ok() && (*architecture == "bitnet-b1.58" || *architecture == "bitnet-25");
}

bool IsMarker(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.Encode(text, SpecialTokens::kParse).size() == 1;
}

// The bytes that did not come from the template.
std::vector<TextRange> UserRanges(const jinja::Text& text) {
  std::vector<TextRange> ranges;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.origin(i) != jinja::Origin::kUser) {
      continue;
    }
    if (ranges.empty() || ranges.back().end != i) {
      ranges.push_back({i, i});
    }
    ranges.back().end = i + 1;
  }
  return ranges;
}

}  // namespace

void ChatTemplate::Add(std::string name, std::string_view source) {
  knows_tools_ |= source.find("tools") != std::string_view::npos || name == kToolUse;
  const bool is_placeholder = source.find(kPlaceholder) != std::string_view::npos;
  templates_.emplace(std::move(name), jinja::Template::Parse(is_placeholder ? kBitnetTemplate : source));
}

ChatTemplate ChatTemplate::FromModel(const ModelFile& file, const Tokenizer& tokenizer) {
  ChatTemplate chat(&tokenizer);
  for (const std::string name : {"", ".default", ".tool_use"}) {
    if (absl::StatusOr<std::string> source = file.GetString(absl::StrCat(std::string(kKey), name));
        source.ok()) {
      chat.Add(name == ".tool_use" ? std::string(kToolUse) : "", *source);
    }
  }
  if (!chat.known() && IsBitnet(file) && IsMarker(tokenizer, kBitnetEndOfTurn)) {
    chat.Add("", kBitnetTemplate);
  }
  constexpr std::pair<const char*, const char*> kSpecialTokens[] = {
      {"bos_token", "tokenizer.ggml.bos_token_id"},
      {"eos_token", "tokenizer.ggml.eos_token_id"},
      {"unk_token", "tokenizer.ggml.unknown_token_id"},
      {"pad_token", "tokenizer.ggml.padding_token_id"}};
  for (const auto& [name, key] : kSpecialTokens) {
    if (const absl::StatusOr<uint64_t> id = file.GetUint(key); id.ok() && *id < tokenizer.vocab_size()) {
      chat.special_tokens_.emplace_back(name, tokenizer.TokenText(static_cast<int32_t>(*id)));
    }
  }
  return chat;
}

absl::StatusOr<const jinja::Template*> ChatTemplate::Choose(bool with_tools) const {
  auto it = with_tools ? templates_.find(kToolUse) : templates_.end();
  if (it == templates_.end()) {
    it = templates_.find("");
  }
  if (it == templates_.end()) {
    return absl::FailedPreconditionError(absl::StrCat("the model has no known chat format: there is no '",
                                                      std::string(kKey), "' in its file"));
  }
  if (!it->second.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the model's chat template cannot be read: ", it->second.status().message()));
  }
  return &*it->second;
}

absl::StatusOr<jinja::Text> ChatTemplate::RenderText(std::span<const ChatMessage> messages,
                                                     const ChatOptions& options) const {
  ASSIGN_OR_RETURN(const jinja::Template* const chosen, Choose(!options.tools.empty()));
  if (messages.empty()) {
    return absl::InvalidArgumentError("a chat needs at least one message");
  }
  if (!options.tools.empty() && !knows_tools_) {
    return absl::InvalidArgumentError("tools are given, and the model's chat template knows none");
  }
  ASSIGN_OR_RETURN(TemplateVariables variables, MakeTemplateVariables(messages, options, special_tokens_));
  jinja::RenderOptions render;
  render.work += 32 * variables.input_bytes;
  render.now = options.now.value_or(absl::Now());
  render.zone = absl::LocalTimeZone();
  absl::StatusOr<jinja::Text> text = chosen->Render(variables.values, render);
  if (!text.ok()) {
    return absl::Status(text.status().code(), absl::StrCat("chat template: ", text.status().message()));
  }
  return text;
}

absl::StatusOr<std::string> ChatTemplate::Render(std::span<const ChatMessage> messages,
                                                 const ChatOptions& options) const {
  ASSIGN_OR_RETURN(const jinja::Text text, RenderText(messages, options));
  return text.bytes();
}

absl::StatusOr<std::vector<int32_t>> ChatTemplate::Encode(std::span<const ChatMessage> messages,
                                                          const ChatOptions& options) const {
  ASSIGN_OR_RETURN(const jinja::Text text, RenderText(messages, options));
  std::vector<int32_t> ids = tokenizer_->EncodeAround(text.bytes(), UserRanges(text));
  // Some templates write it themselves.
  if (tokenizer_->adds_bos() && (ids.empty() || ids[0] != tokenizer_->bos_id())) {
    ids.insert(ids.begin(), *tokenizer_->bos_id());
  }
  return ids;
}

}  // namespace bitnet
