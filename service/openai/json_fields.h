// The fields of a JSON object that a client sent, checked as they are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "service/errors/field_violations.h"
#include "service/openai/json.h"

namespace bitnet::openai {

// Fields that are missing or null are none. A field of another kind is a violation, named with the path of
// the object: "messages[0].content is 5, wanted a string".
class JsonFields {
 public:
  // Borrows both. `object` is one; `path` is "" for the request itself.
  JsonFields(const Json& object, std::string path, FieldViolations& found)
      : object_(object), path_(std::move(path)), found_(found) {}

  std::optional<double> Number(const char* name);
  // Whole, and in [low, high].
  std::optional<int64_t> Integer(const char* name, int64_t low, int64_t high);
  std::optional<bool> Bool(const char* name);
  std::optional<std::string> String(const char* name);
  // A string or an array of strings.
  std::vector<std::string> Strings(const char* name);
  const Json* Array(const char* name);
  const Json* Object(const char* name);
  // Of any kind; null if there is none.
  const Json* Any(const char* name) const;

  // `description` as of FieldViolations::Add; what was found is put before it: "is 5, " + "wanted a string".
  void Refuse(const char* name, const std::string& wanted);
  std::string PathOf(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }
  FieldViolations& found() { return found_; }

 private:
  // None where `is_one` says that it is no T, which is refused with `wanted`.
  template <typename T>
  std::optional<T> Read(const char* name, bool (Json::*is_one)() const, const char* wanted);

  const Json& object_;
  const std::string path_;
  FieldViolations& found_;
};

}  // namespace bitnet::openai
