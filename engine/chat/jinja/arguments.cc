#include "engine/chat/jinja/arguments.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/chat/jinja/number.h"

namespace bitnet::jinja {
namespace {

const Text& NoText() {
  static const Text empty;
  return empty;
}

}  // namespace

void ArgumentReader::Fail(std::string message) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(std::move(message));
  }
}

const Value* ArgumentReader::Optional(std::string_view name) {
  if (positional_ < arguments_.positional.size()) {
    return &arguments_.positional[positional_++];
  }
  const auto it = std::ranges::find(arguments_.named, name,
                                    [](const auto& item) -> std::string_view { return item.first; });
  if (it == arguments_.named.end()) {
    return nullptr;
  }
  ++named_;
  return &it->second;
}

const Value* ArgumentReader::Required(std::string_view name) {
  const Value* value = Optional(name);
  if (value == nullptr) {
    Fail(absl::StrFormat("%s wants an argument '%s'", function_, name));
  }
  return value;
}

const Text& ArgumentReader::AsText(std::string_view name, const Value& value) {
  if (value.text() == nullptr) {
    Fail(absl::StrFormat("%s wants a string as '%s'; %s", function_, name, value.Describe()));
    return NoText();
  }
  return *value.text();
}

const Text& ArgumentReader::String(std::string_view name) {
  const Value* value = Required(name);
  return value != nullptr ? AsText(name, *value) : NoText();
}

const Text& ArgumentReader::String(std::string_view name, const Text& fallback) {
  const Value* value = Optional(name);
  return value != nullptr ? AsText(name, *value) : fallback;
}

int64_t ArgumentReader::Integer(std::string_view name, int64_t fallback) {
  const Value* value = Optional(name);
  if (value == nullptr) {
    return fallback;
  }
  const std::optional<int64_t> integer = ToInteger(*value);
  if (!integer.has_value()) {
    Fail(absl::StrFormat("%s wants an integer as '%s'; %s", function_, name, value->Describe()));
  }
  return integer.value_or(fallback);
}

bool ArgumentReader::Flag(std::string_view name, bool fallback) {
  const Value* value = Optional(name);
  return value != nullptr ? value->IsTrue() : fallback;
}

absl::Status ArgumentReader::Finish() const {
  if (!status_.ok()) {
    return status_;
  }
  if (positional_ < arguments_.positional.size() || named_ < arguments_.named.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s has an argument that it does not know", function_));
  }
  return absl::OkStatus();
}

}  // namespace bitnet::jinja
