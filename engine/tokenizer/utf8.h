// UTF-8, one character at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bitnet {

struct Utf8Char {
  char32_t code = 0;
  size_t length = 0;  // In bytes; 0 if `bytes` is empty or does not begin with a valid character.
};

// The first character of `bytes`. Over-long forms, surrogates and what lies beyond U+10FFFF are invalid.
Utf8Char DecodeUtf8Char(std::string_view bytes);

// The length of the longest valid beginning of `bytes`.
size_t ValidUtf8Prefix(std::string_view bytes);

// `code` is a character: below 0x110000 and no surrogate.
void AppendUtf8(char32_t code, std::string& out);

}  // namespace bitnet
