// From the bytes of an answer's tokens to text that may be shown.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stop_strings.h"
#include "base/utf8_stream.h"

namespace bitnet {

// Whole characters only, and nothing that may be the beginning of a stop string.
class AnswerText {
 public:
  // None of `stops` is empty.
  explicit AnswerText(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Text that is safe to show now that a token has added `bytes`.
  std::string Append(std::string_view bytes) { return stops_.Append(utf8_.Append(bytes)); }
  // What was held back, once there are no more tokens.
  std::string Finish() {
    std::string text = stops_.Append(utf8_.Flush());
    text += stops_.Flush();
    return text;
  }
  // A stop string was found: no more text comes, so no more tokens are needed.
  bool stopped() const { return stops_.matched().has_value(); }

 private:
  Utf8Stream utf8_;
  StopStrings stops_;
};

}  // namespace bitnet
