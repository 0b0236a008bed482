// 'abc\n': strings in expressions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bitnet::jinja {

struct StringLiteral {
  std::string value;
  size_t length;  // Of what was read, quotes included.
};

// `source` begins with a quote. Escapes are Python's; one that is unknown stays as it is written.
// INVALID_ARGUMENT names `line`.
absl::StatusOr<StringLiteral> ReadStringLiteral(std::string_view source, int line);

}  // namespace bitnet::jinja
