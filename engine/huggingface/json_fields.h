// JSON from files that others wrote.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bitnet {

// Parses an object whose values nest at most `max_depth` deep, itself counted. DATA_LOSS: it is no JSON, is
// no object, is deeper, or an object in it has a key twice, of which readers would see either; `what` names
// it in messages.
absl::StatusOr<nlohmann::json> ParseJsonObject(std::span<const uint8_t> bytes, std::string_view what,
                                               int max_depth);

// Typed look-ups in an object. Absent and null are the same. DATA_LOSS names the object and the key: it is
// needed and absent, or has another type.
class JsonFields {
 public:
  // `object` is borrowed, an object, and outlives this. `where` is used in messages.
  JsonFields(std::string where, const nlohmann::json& object) : where_(std::move(where)), object_(object) {}

  const std::string& where() const { return where_; }
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // Null if absent.
  const nlohmann::json* Find(std::string_view key) const;

  absl::StatusOr<uint64_t> Uint(std::string_view key, std::optional<uint64_t> otherwise = {}) const;
  // Finite; integers count.
  absl::StatusOr<double> Float(std::string_view key, std::optional<double> otherwise = {}) const;
  absl::StatusOr<bool> Bool(std::string_view key, std::optional<bool> otherwise = {}) const;
  absl::StatusOr<std::string> String(std::string_view key, std::optional<std::string> otherwise = {}) const;

  // `what` says what the key should have been.
  absl::Status Wrong(std::string_view key, std::string_view what) const;

 private:
  absl::Status Missing(std::string_view key) const;

  std::string where_;
  const nlohmann::json& object_;  // Borrowed; outlives this.
};

}  // namespace bitnet
