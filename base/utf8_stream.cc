#include "base/utf8_stream.h"

#include <cstddef>
#include <cstdint>

namespace bitnet {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Lead {
  int length;           // Bytes of the whole character; 0: no character starts so.
  uint8_t low = 0x80;   // Range of the second byte (Unicode standard, table 3-7): it excludes
  uint8_t high = 0xBF;  // over-long forms, surrogates and what lies beyond U+10FFFF.
};

Lead Classify(uint8_t byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {0};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

}  // namespace

std::string Utf8Stream::Append(std::string_view bytes) {
  pending_ += bytes;
  std::string out;
  size_t at = 0;
  while (at < pending_.size()) {
    const Lead lead = Classify(static_cast<uint8_t>(pending_[at]));
    size_t valid = 1;  // Bytes at `at` that form a character, or the beginning of one.
    bool broken = lead.length == 0;
    for (; !broken && valid < static_cast<size_t>(lead.length) && at + valid < pending_.size(); ++valid) {
      const auto byte = static_cast<uint8_t>(pending_[at + valid]);
      const uint8_t low = valid == 1 ? lead.low : 0x80;
      const uint8_t high = valid == 1 ? lead.high : 0xBF;
      if (byte < low || byte > high) {
        broken = true;
        break;
      }
    }
    if (broken) {
      out += kReplacement;
    } else if (valid < static_cast<size_t>(lead.length)) {
      break;  // Unfinished: the next piece may complete it.
    } else {
      out.append(pending_, at, valid);
    }
    at += valid;
  }
  pending_.erase(0, at);
  return out;
}

std::string Utf8Stream::Flush() {
  if (pending_.empty()) {
    return "";
  }
  pending_.clear();
  return std::string(kReplacement);
}

std::string ToUtf8(std::string_view bytes) {
  Utf8Stream stream;
  std::string text = stream.Append(bytes);
  return text + stream.Flush();
}

}  // namespace bitnet
