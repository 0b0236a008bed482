// Reads the text of a grammar or a regular expression, one character at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet {

// `text` is valid UTF-8 and outlives this.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  size_t position() const { return at_; }
  void set_position(size_t at) { at_ = at; }
  std::string_view rest() const { return text_.substr(at_); }

  // The next character; 0 at the end.
  char32_t Peek() const { return DecodeUtf8Char(rest()).code; }
  char32_t Next() {
    const Utf8Char next = DecodeUtf8Char(rest());
    at_ += next.length;
    return next.code;
  }
  bool Take(std::string_view expected) {
    if (!rest().starts_with(expected)) {
      return false;
    }
    at_ += expected.size();
    return true;
  }
  // A decimal number, up to `most`.
  absl::StatusOr<uint32_t> Number(uint32_t most) {
    const size_t begin = at_;
    uint64_t value = 0;
    for (; !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      value = value > most ? value : 10 * value + (text_[at_] - '0');
    }
    if (begin == at_ || value > most) {
      at_ = begin;
      return Error(absl::StrFormat("a number up to %d is wanted", most));
    }
    return static_cast<uint32_t>(value);
  }
  // A character by `digits` hexadecimal digits, or any number of them if 0.
  absl::StatusOr<char32_t> Hex(int digits) {
    const size_t begin = at_;
    char32_t value = 0;
    int n = 0;
    for (; !at_end() && (digits == 0 || n < digits) && absl::ascii_isxdigit(text_[at_]); ++at_, ++n) {
      const char c = text_[at_];
      value = value > 0x10FFFF ? value : 16 * value + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if (n == 0 || n < digits || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      at_ = begin;
      return Error("these hexadecimal digits are no character");
    }
    return value;
  }

  // INVALID_ARGUMENT that names the place, counted in bytes from 0.
  absl::Status Error(std::string_view what) const { return ErrorAt(at_, what); }
  static absl::Status ErrorAt(size_t at, std::string_view what) {
    return absl::InvalidArgumentError(absl::StrFormat("at byte %d: %s", at, what));
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace bitnet
