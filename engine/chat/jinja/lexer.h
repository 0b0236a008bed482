// A template's text into tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bitnet::jinja {

enum class TokenKind {
  kText,        // Between tags; never empty.
  kBlockBegin,  // {%
  kBlockEnd,    // %}
  kPrintBegin,  // {{
  kPrintEnd,    // }}
  kName,
  kString,  // Its value, without quotes and escapes.
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind;
  std::string text;
  int line;
};

// "line 3: " and the message, INVALID_ARGUMENT.
absl::Status SyntaxError(int line, std::string_view message);

// White space around tags is treated as training programs do: the first newline after a block or comment is
// dropped (Jinja's trim_blocks), and so are blanks between a line's beginning and a block or comment
// (lstrip_blocks); "-" beside the tag drops all white space there, "+" none. Comments are dropped, {% raw %}
// becomes text, and one newline at the very end is dropped. The last token is kEnd.
absl::StatusOr<std::vector<Token>> Tokenize(std::string_view source);

}  // namespace bitnet::jinja
