#include "engine/huggingface/tokenizer/json_builder.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxValues = 1 << 20;

}  // namespace

bool JsonBuilder::Fail(std::string message) {
  if (error_.empty()) {
    error_ = std::move(message);
  }
  return false;
}

bool JsonBuilder::parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) {
  return Fail(absl::StrFormat("is not JSON at byte %d", position));
}

bool JsonBuilder::key(std::string& key) {
  if (open_.back()->contains(key)) {
    return Fail(absl::StrCat("has the key '", key, "' twice in one object"));
  }
  key_ = std::move(key);
  return true;
}

// Null after an error.
nlohmann::json* JsonBuilder::Add(json value) {
  if (++num_values_ > kMaxValues) {
    Fail(absl::StrFormat("has more than %d values", kMaxValues));
    return nullptr;
  }
  if (open_.empty()) {
    root_ = std::move(value);
    return &root_;
  }
  json& container = *open_.back();
  if (container.is_array()) {
    container.push_back(std::move(value));
    return &container.back();
  }
  return &(container[key_] = std::move(value));
}

bool JsonBuilder::Open(json container) {
  if (open_.size() == kMaxDepth) {
    return Fail(absl::StrFormat("nests deeper than %d levels", kMaxDepth));
  }
  json* added = Add(std::move(container));
  if (added == nullptr) {
    return false;
  }
  open_.push_back(added);
  return true;
}

bool JsonBuilder::Close() {
  open_.pop_back();
  return true;
}

absl::StatusOr<nlohmann::json> ParseJson(std::string_view text, std::string_view name) {
  JsonBuilder builder;
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (!builder.error().empty()) {
    return absl::DataLossError(absl::StrCat(std::string(name), " ", builder.error()));
  }
  nlohmann::json value = builder.Take();
  if (!value.is_object()) {
    return absl::DataLossError(absl::StrCat(std::string(name), " is not a JSON object"));
  }
  return value;
}

const nlohmann::json& ValueAt(const nlohmann::json& object, std::string_view key) {
  static const auto& null = *new nlohmann::json();
  if (!object.is_object()) {
    return null;
  }
  const auto it = object.find(key);
  return it == object.end() ? null : *it;
}

std::string_view StringAt(const nlohmann::json& object, std::string_view key) {
  const nlohmann::json& value = ValueAt(object, key);
  return value.is_string() ? std::string_view(value.get_ref<const std::string&>()) : std::string_view();
}

bool TrueAt(const nlohmann::json& object, std::string_view key) {
  const nlohmann::json& value = ValueAt(object, key);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace bitnet
