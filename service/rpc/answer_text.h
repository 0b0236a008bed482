// The text of one answer, from the bytes of its tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop_strings.h"
#include "base/utf8_stream.h"

namespace bitnet {

// Complete characters only, and nothing that may still become a stop string.
class AnswerText {
 public:
  // Stop strings are looked for from the `min_tokens`-th token on; text of tokens before it passes.
  AnswerText(std::vector<std::string> stops, uint32_t min_tokens)
      : stops_(std::move(stops)), min_tokens_(min_tokens) {}

  // The text that may be delivered after one more token with these bytes.
  std::string Append(std::string_view token_bytes) {
    ++num_tokens_;
    std::string text = utf8_.Append(token_bytes);
    return num_tokens_ < min_tokens_ ? text : stops_.Append(text);
  }
  // What is left when the last token has come.
  std::string Flush() {
    std::string text = stops_.Append(utf8_.Flush());
    return text + stops_.Flush();
  }
  const std::optional<std::string>& stop() const { return stops_.matched(); }
  uint32_t num_tokens() const { return num_tokens_; }

 private:
  Utf8Stream utf8_;
  StopStrings stops_;
  const uint32_t min_tokens_;
  uint32_t num_tokens_ = 0;
};

}  // namespace bitnet
