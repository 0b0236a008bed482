// Arguments of filters, tests, methods and functions, by position or name.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// Takes arguments out of a call, one after the other in the order of the parameters; the first mistake is
// kept for Finish(). What a getter returns after a mistake is of no use.
class ArgumentReader {
 public:
  // `function` is for messages. Both are borrowed.
  ArgumentReader(std::string_view function, const Arguments& arguments)
      : function_(function), arguments_(arguments) {}

  // The next argument; null if it was not given.
  const Value* Optional(std::string_view name);
  // The same, but it has to be given, or the default is used. Null (or an empty text) after a mistake. Texts
  // are the caller's: a copy of a long one would have to be paid for.
  const Value* Required(std::string_view name);
  const Text& String(std::string_view name);
  const Text& String(std::string_view name, const Text& fallback);
  const Text& String(std::string_view name, Text&& fallback) = delete;
  int64_t Integer(std::string_view name, int64_t fallback);
  bool Flag(std::string_view name, bool fallback);

  // INVALID_ARGUMENT for the first mistake, or for an argument that no parameter has taken.
  absl::Status Finish() const;

 private:
  void Fail(std::string message);
  const Text& AsText(std::string_view name, const Value& value);

  const std::string_view function_;
  const Arguments& arguments_;
  size_t positional_ = 0;  // Taken.
  size_t named_ = 0;
  absl::Status status_;
};

}  // namespace bitnet::jinja
