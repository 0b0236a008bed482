// JSON of unknown origin, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

// Builds values from the events of nlohmann's parser, and stops at what no file of a tokenizer has: values
// that nest deeper than 64, or more than a million of them. (A value takes up to 100 bytes besides its text,
// so this bounds what a small file can make us allocate.) Strings may not repeat a key in an object: readers
// would see either.
class JsonBuilder {
 public:
  using json = nlohmann::json;

  // What was built; call once, after parsing.
  json Take() { return std::move(root_); }
  // What went wrong; empty if nothing did.
  const std::string& error() const { return error_; }
  size_t depth() const { return open_.size(); }

  // The parser's events; false stops it.
  bool null() { return Add(nullptr) != nullptr; }
  bool boolean(bool value) { return Add(value) != nullptr; }
  bool number_integer(int64_t value) { return Add(value) != nullptr; }
  bool number_unsigned(uint64_t value) { return Add(value) != nullptr; }
  bool number_float(double value, const std::string&) { return Add(value) != nullptr; }
  bool string(std::string& value) { return Add(std::move(value)) != nullptr; }
  bool binary(json::binary_t&) { return Fail("has binary data"); }
  bool key(std::string& key);
  bool start_object(size_t) { return Open(json::object()); }
  bool start_array(size_t) { return Open(json::array()); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool parse_error(size_t position, const std::string& token, const nlohmann::detail::exception& error);

  // Stops with this error: "FILE " and then `message`.
  bool Fail(std::string message);

 private:
  json* Add(json value);
  bool Open(json container);
  bool Close();

  json root_;
  std::vector<json*> open_;  // Containers from the root to the innermost; only the innermost grows.
  std::string key_;
  size_t num_values_ = 0;
  std::string error_;
};

// Parses an object. DATA_LOSS: it is no JSON, no object, or nothing that JsonBuilder takes; `name` is used in
// messages.
absl::StatusOr<nlohmann::json> ParseJson(std::string_view text, std::string_view name);

// The text of a key, or nothing if it is absent or null or no string.
std::string_view StringAt(const nlohmann::json& object, std::string_view key);
// Whether the key is there and true.
bool TrueAt(const nlohmann::json& object, std::string_view key);
// The value of a key, or null.
const nlohmann::json& ValueAt(const nlohmann::json& object, std::string_view key);

}  // namespace bitnet
