#include "service/openai/json_fields.h"

#include "absl/strings/str_cat.h"
#include "base/utf8_prefix.h"

namespace bitnet::openai {
namespace {

constexpr size_t kMaxShown = 60;  // Of what was found, in bytes.

std::string Shown(const Json& value) {
  std::string text = Dump(value);
  if (text.size() > kMaxShown) {
    text = text.substr(0, Utf8Prefix(text, kMaxShown)) + "...";
  }
  return text;
}

}  // namespace

const Json* JsonFields::Any(const char* name) const {
  const auto it = object_.find(name);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

void JsonFields::Refuse(const char* name, const std::string& wanted) {
  const Json* const value = Any(name);
  found_.Add(PathOf(name), absl::StrCat(value == nullptr ? "is missing" : absl::StrCat("is ", Shown(*value)),
                                        ", ", wanted));
}

template <typename T>
std::optional<T> JsonFields::Read(const char* name, bool (Json::*is_one)() const, const char* wanted) {
  const Json* const value = Any(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!(value->*is_one)()) {
    Refuse(name, wanted);
    return std::nullopt;
  }
  return value->get<T>();
}

std::optional<double> JsonFields::Number(const char* name) {
  return Read<double>(name, &Json::is_number, "wanted a number");
}

std::optional<int64_t> JsonFields::Integer(const char* name, int64_t low, int64_t high) {
  const Json* const value = Any(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  const bool fits = value->is_number_unsigned() ? value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                                                : value->is_number_integer();
  if (!fits || value->get<int64_t>() < low || value->get<int64_t>() > high) {
    Refuse(name, absl::StrCat("wanted a whole number in [", low, ", ", high, "]"));
    return std::nullopt;
  }
  return value->get<int64_t>();
}

std::optional<bool> JsonFields::Bool(const char* name) {
  return Read<bool>(name, &Json::is_boolean, "wanted true or false");
}

std::optional<std::string> JsonFields::String(const char* name) {
  return Read<std::string>(name, &Json::is_string, "wanted a string");
}

std::vector<std::string> JsonFields::Strings(const char* name) {
  const Json* const value = Any(name);
  if (value == nullptr) {
    return {};
  }
  if (value->is_string()) {
    return {value->get<std::string>()};
  }
  std::vector<std::string> strings;
  if (value->is_array()) {
    for (const Json& item : *value) {
      if (item.is_string()) {
        strings.push_back(item.get<std::string>());
      }
    }
  }
  if (!value->is_array() || strings.size() != value->size()) {
    Refuse(name, "wanted a string or an array of strings");
  }
  return strings;
}

const Json* JsonFields::Array(const char* name) {
  const Json* const value = Any(name);
  if (value != nullptr && !value->is_array()) {
    Refuse(name, "wanted an array");
    return nullptr;
  }
  return value;
}

const Json* JsonFields::Object(const char* name) {
  const Json* const value = Any(name);
  if (value != nullptr && !value->is_object()) {
    Refuse(name, "wanted an object");
    return nullptr;
  }
  return value;
}

}  // namespace bitnet::openai
