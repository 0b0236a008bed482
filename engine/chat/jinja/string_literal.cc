#include "engine/chat/jinja/string_literal.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "engine/chat/jinja/lexer.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet::jinja {
namespace {

// The character that the one after a backslash stands for; 0 if it is none of these.
char SimpleEscape(char c) {
  constexpr std::string_view kNames = "\\'\"abfnrtv";
  constexpr std::string_view kCharacters = "\\'\"\a\b\f\n\r\t\v";
  const size_t at = kNames.find(c);
  return at != std::string_view::npos ? kCharacters[at] : '\0';
}

// The number in the first `max_digits` digits of `text`, and how many they are.
struct Digits {
  uint32_t value = 0;
  size_t count = 0;
};
Digits ReadDigits(std::string_view text, uint32_t base, size_t max_digits) {
  Digits digits;
  while (digits.count < std::min(max_digits, text.size())) {
    const char c = absl::ascii_tolower(text[digits.count]);
    const uint32_t digit = absl::ascii_isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
    if (digit >= base) {
      break;
    }
    digits.value = digits.value * base + digit;
    ++digits.count;
  }
  return digits;
}

// Appends what the escape at the beginning of `text`, a backslash, stands for; returns its length.
absl::StatusOr<size_t> ReadEscape(std::string_view text, int line, std::string& value) {
  const char kind = text.size() > 1 ? text[1] : '\0';
  if (kind == '\n') {
    return size_t{2};
  }
  if (const char simple = SimpleEscape(kind); simple != '\0') {
    value += simple;
    return size_t{2};
  }
  size_t skipped = 2;
  Digits digits;
  if (kind >= '0' && kind <= '7') {
    skipped = 1;
    digits = ReadDigits(text.substr(1), 8, 3);
  } else if (kind == 'x' || kind == 'u' || kind == 'U') {
    const size_t wanted = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    digits = ReadDigits(text.substr(2), 16, wanted);
    if (digits.count != wanted || digits.value >= 0x110000 ||
        (digits.value >= 0xD800 && digits.value < 0xE000)) {
      return SyntaxError(line, "an escape in a string is no character");
    }
  } else {
    value += '\\';
    return size_t{1};
  }
  AppendUtf8(digits.value, value);
  return skipped + digits.count;
}

}  // namespace

absl::StatusOr<StringLiteral> ReadStringLiteral(std::string_view source, int line) {
  const char quote = source[0];
  std::string value;
  for (size_t at = 1; at < source.size();) {
    if (source[at] == quote) {
      return StringLiteral{std::move(value), at + 1};
    }
    if (source[at] != '\\') {
      value += source[at++];
      continue;
    }
    absl::StatusOr<size_t> length = ReadEscape(source.substr(at), line, value);
    if (!length.ok()) {
      return length.status();
    }
    at += *length;
  }
  return SyntaxError(line, "a string has no end");
}

}  // namespace bitnet::jinja
