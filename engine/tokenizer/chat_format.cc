#include "engine/tokenizer/chat_format.h"

#include <string>

#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {
namespace {

std::string_view RolePrefix(ChatRole role) {
  switch (role) {
    case ChatRole::kSystem:
      return "System: ";
    case ChatRole::kUser:
      return "User: ";
    case ChatRole::kAssistant:
      break;
  }
  return "Assistant: ";
}

bool IsSpace(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

void Append(const std::vector<int32_t>& ids, std::vector<int32_t>& out) {
  out.insert(out.end(), ids.begin(), ids.end());
}

}  // namespace

std::string_view TrimContent(std::string_view content) {
  for (Utf8Char c = DecodeUtf8Char(content); c.length > 0 && IsSpace(c.code); c = DecodeUtf8Char(content)) {
    content.remove_prefix(c.length);
  }
  while (!content.empty()) {
    // The last character begins at the last byte that is no continuation byte, at most 4 from the end.
    size_t begin = content.size() - 1;
    while (begin > 0 && content.size() - begin < 4 && (content[begin] & 0xC0) == 0x80) {
      --begin;
    }
    const Utf8Char last = DecodeUtf8Char(content.substr(begin));
    if (last.length != content.size() - begin || !IsSpace(last.code)) {
      break;
    }
    content.remove_suffix(last.length);
  }
  return content;
}

std::optional<int32_t> FindEndOfTurn(const Tokenizer& tokenizer) {
  for (const int32_t id : tokenizer.end_ids()) {
    if (tokenizer.TokenText(id) == kEndOfTurn) {
      return id;
    }
  }
  return std::nullopt;
}

std::vector<int32_t> EncodeChatFormat(const Tokenizer& tokenizer, int32_t end_of_turn,
                                      std::span<const ChatMessage> messages) {
  std::vector<int32_t> ids;
  if (tokenizer.adds_bos()) {
    ids.push_back(*tokenizer.bos_id());
  }
  for (const ChatMessage& message : messages) {
    std::string text(RolePrefix(message.role));
    text += TrimContent(message.content);
    Append(tokenizer.Encode(text, SpecialTokens::kPlain), ids);
    ids.push_back(end_of_turn);
  }
  Append(tokenizer.Encode(RolePrefix(ChatRole::kAssistant), SpecialTokens::kPlain), ids);
  return ids;
}

}  // namespace bitnet
