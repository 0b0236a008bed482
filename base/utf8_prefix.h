// Cutting text where a buffer ends.
#pragma once

#include <cstddef>
#include <string_view>

namespace bitnet {

// The length of the longest prefix of `text` that has at most `max_bytes` and ends with a character. `text`
// is UTF-8.
inline size_t Utf8Prefix(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) {
    return text.size();
  }
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return end;
}

}  // namespace bitnet
