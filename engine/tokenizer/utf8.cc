#include "engine/tokenizer/utf8.h"

#include <cstdint>

namespace bitnet {

Utf8Char DecodeUtf8Char(std::string_view bytes) {
  if (bytes.empty()) {
    return {};
  }
  const auto lead = static_cast<uint8_t>(bytes[0]);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const size_t length = lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
  if (length == 0 || bytes.size() < length) {
    return {};
  }
  char32_t code = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if ((byte & 0xC0) != 0x80) {
      return {};
    }
    code = code << 6 | (byte & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};  // By length; anything below is over-long.
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return {};
  }
  return {code, length};
}

size_t ValidUtf8Prefix(std::string_view bytes) {
  size_t at = 0;
  while (const size_t length = DecodeUtf8Char(bytes.substr(at)).length) {
    at += length;
  }
  return at;
}

void AppendUtf8(char32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int continuation_bytes = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr uint8_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[continuation_bytes] | code >> (6 * continuation_bytes));
  for (int i = continuation_bytes - 1; i >= 0; --i) {
    out += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
  }
}

}  // namespace bitnet
