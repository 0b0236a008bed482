#include "engine/huggingface/json_fields.h"

#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json_depth.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {

absl::StatusOr<nlohmann::json> ParseJsonObject(std::span<const uint8_t> bytes, std::string_view what,
                                               int max_depth) {
  using Event = nlohmann::json::parse_event_t;
  // Parsed as char: std::char_traits knows no other bytes.
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (NestsDeeper(text, max_depth)) {
    return absl::DataLossError(absl::StrFormat("%s nests deeper than %d levels", what, max_depth));
  }
  std::vector<std::set<std::string>> keys;  // Those seen so far of each object that is open.
  std::string twice;
  const auto watch = [&](int, Event event, nlohmann::json& value) {
    if (event == Event::object_start) {
      keys.emplace_back();
    } else if (event == Event::object_end) {
      keys.pop_back();
    } else if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      twice = value.get<std::string>();
    }
    return true;
  };
  nlohmann::json json = nlohmann::json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return absl::DataLossError(
        absl::StrCat(std::string(what), json.is_discarded() ? " is not JSON" : " is not an object"));
  }
  if (!twice.empty()) {
    return absl::DataLossError(absl::StrFormat("%s has %s twice", what, QuoteName(twice)));
  }
  return json;
}

const nlohmann::json* JsonFields::Find(std::string_view key) const {
  const auto it = object_.find(key);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

absl::Status JsonFields::Wrong(std::string_view key, std::string_view what) const {
  const nlohmann::json* value = Find(key);
  std::string found =
      value == nullptr ? "absent" : value->dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (found.size() > 60) {
    found = found.substr(0, 60) + "...";
  }
  return absl::DataLossError(
      absl::StrFormat("%s: %s is %s; %s was wanted", where_, QuoteName(key), found, what));
}

absl::Status JsonFields::Missing(std::string_view key) const {
  return absl::DataLossError(absl::StrCat(where_, ": ", QuoteName(key), " is missing"));
}

absl::StatusOr<uint64_t> JsonFields::Uint(std::string_view key, std::optional<uint64_t> otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return otherwise ? absl::StatusOr<uint64_t>(*otherwise) : Missing(key);
  }
  return value->is_number_unsigned() ? absl::StatusOr<uint64_t>(value->get<uint64_t>())
                                     : Wrong(key, "a whole number of 0 or more");
}

absl::StatusOr<double> JsonFields::Float(std::string_view key, std::optional<double> otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return otherwise ? absl::StatusOr<double>(*otherwise) : Missing(key);
  }
  return value->is_number() && std::isfinite(value->get<double>())
             ? absl::StatusOr<double>(value->get<double>())
             : Wrong(key, "a finite number");
}

absl::StatusOr<bool> JsonFields::Bool(std::string_view key, std::optional<bool> otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return otherwise ? absl::StatusOr<bool>(*otherwise) : Missing(key);
  }
  return value->is_boolean() ? absl::StatusOr<bool>(value->get<bool>()) : Wrong(key, "true or false");
}

absl::StatusOr<std::string> JsonFields::String(std::string_view key,
                                               std::optional<std::string> otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return otherwise ? absl::StatusOr<std::string>(*otherwise) : Missing(key);
  }
  return value->is_string() ? absl::StatusOr<std::string>(value->get<std::string>()) : Wrong(key, "a string");
}

}  // namespace bitnet
