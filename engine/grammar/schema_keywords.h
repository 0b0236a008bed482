// Which keywords a schema has, and what they are worth.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace bitnet {

// Properties in the order of the text.
using SchemaJson = nlohmann::ordered_json;

enum class JsonType { kObject, kArray, kString, kNumber, kInteger, kBoolean, kNull };

// Nothing if there is no type of this name.
std::optional<JsonType> JsonTypeCalled(std::string_view name);
// Of a value; whole numbers are integers.
JsonType JsonTypeOf(const SchemaJson& value);

// What a schema was found to say, checked: of keywords that restrict, only these are known.
struct SchemaKeywords {
  const SchemaJson* ref = nullptr;
  const SchemaJson* all_of = nullptr;
  const SchemaJson* any_of = nullptr;
  const SchemaJson* one_of = nullptr;
  std::vector<SchemaJson> values;  // Of const or enum, of the types that `type` allows.
  bool has_values = false;
  std::vector<JsonType> types;  // Of `type`, or those that other keywords are about; empty: any.
};

// INVALID_ARGUMENT names `path`: an unknown keyword, one whose value is of a wrong type, or several that
// cannot be combined.
absl::Status ReadSchemaKeywords(const SchemaJson& schema, std::string_view path, SchemaKeywords& keywords);

absl::Status SchemaError(std::string_view path, std::string_view what);

// The schema that a local reference ("#/$defs/a") names; null if there is none.
const SchemaJson* FindSchema(const SchemaJson& document, std::string_view reference);

// Whether no value can be accepted by both; false if that cannot be seen easily: from their types, their
// values, or those of a property that both require.
bool AreDisjoint(const SchemaJson& document, const SchemaJson& a, const SchemaJson& b, int depth = 0);

}  // namespace bitnet
