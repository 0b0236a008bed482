#include "engine/grammar/schema_keywords.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

using Names = std::map<std::string_view, JsonType>;

const Names& TypeNames() {
  static const auto* names = new Names{
      {"object", JsonType::kObject}, {"array", JsonType::kArray},     {"string", JsonType::kString},
      {"number", JsonType::kNumber}, {"integer", JsonType::kInteger}, {"boolean", JsonType::kBoolean},
      {"null", JsonType::kNull},
  };
  return *names;
}

constexpr std::string_view kAnnotations[] = {
    "title",     "description", "default", "examples",        "deprecated",       "readOnly",
    "writeOnly", "$schema",     "$id",     "$comment",        "$anchor",          "$vocabulary",
    "$defs",     "definitions", "format",  "contentEncoding", "contentMediaType", "contentSchema"};

// Keywords that look at values of one type, and say nothing of others.
const Names& TypedKeywords() {
  static const auto* keywords = new Names{
      {"properties", JsonType::kObject},
      {"required", JsonType::kObject},
      {"additionalProperties", JsonType::kObject},
      {"items", JsonType::kArray},
      {"prefixItems", JsonType::kArray},
      {"minItems", JsonType::kArray},
      {"maxItems", JsonType::kArray},
      {"uniqueItems", JsonType::kArray},
      {"minLength", JsonType::kString},
      {"maxLength", JsonType::kString},
      {"pattern", JsonType::kString},
      {"minimum", JsonType::kNumber},
      {"maximum", JsonType::kNumber},
      {"exclusiveMinimum", JsonType::kNumber},
      {"exclusiveMaximum", JsonType::kNumber},
  };
  return *keywords;
}

bool IsAnnotation(std::string_view keyword) {
  return std::ranges::find(kAnnotations, keyword) != std::end(kAnnotations) || keyword.starts_with("x-");
}

// By what they decide a schema wholly.
bool IsApplicator(std::string_view keyword) {
  return keyword == "$ref" || keyword == "allOf" || keyword == "anyOf" || keyword == "oneOf";
}

absl::Status ReadTypes(const SchemaJson& value, std::string_view path, std::vector<JsonType>& types) {
  const auto add = [&](const SchemaJson& name) -> absl::Status {
    const auto type = name.is_string() ? JsonTypeCalled(name.get_ref<const std::string&>()) : std::nullopt;
    if (!type.has_value()) {
      return SchemaError(path, "type is not the name of a JSON type, or a list of such");
    }
    if (std::ranges::find(types, *type) == types.end()) {
      types.push_back(*type);
    }
    return absl::OkStatus();
  };
  if (!value.is_array()) {
    return add(value);
  }
  for (const SchemaJson& name : value) {
    RETURN_IF_ERROR(add(name));
  }
  return types.empty() ? SchemaError(path, "type is an empty list") : absl::OkStatus();
}

bool HasType(const std::vector<JsonType>& types, JsonType type) {
  return std::ranges::find(types, type) != types.end() ||
         (type == JsonType::kInteger && std::ranges::find(types, JsonType::kNumber) != types.end());
}

absl::Status ReadValues(const SchemaJson& schema, std::string_view path, SchemaKeywords& keywords) {
  keywords.has_values = true;
  if (schema.contains("const")) {
    keywords.values.push_back(schema["const"]);
  } else {
    const SchemaJson& values = schema["enum"];
    if (!values.is_array() || values.empty()) {
      return SchemaError(path, "enum is not a list of values");
    }
    keywords.values.assign(values.begin(), values.end());
  }
  if (!keywords.types.empty()) {
    std::erase_if(keywords.values,
                  [&](const SchemaJson& value) { return !HasType(keywords.types, JsonTypeOf(value)); });
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<JsonType> JsonTypeCalled(std::string_view name) {
  const auto at = TypeNames().find(name);
  return at == TypeNames().end() ? std::nullopt : std::optional(at->second);
}

JsonType JsonTypeOf(const SchemaJson& value) {
  if (value.is_number()) {
    const bool whole = value.is_number_integer() || std::trunc(value.get<double>()) == value.get<double>();
    return whole ? JsonType::kInteger : JsonType::kNumber;
  }
  return value.is_object()    ? JsonType::kObject
         : value.is_array()   ? JsonType::kArray
         : value.is_string()  ? JsonType::kString
         : value.is_boolean() ? JsonType::kBoolean
                              : JsonType::kNull;
}

absl::Status SchemaError(std::string_view path, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("at %s: %s", path, what));
}

absl::Status ReadSchemaKeywords(const SchemaJson& schema, std::string_view path, SchemaKeywords& keywords) {
  std::vector<std::string> deciding;  // Keywords that are not just about values of a type.
  std::vector<std::string> typed;
  for (const auto& [name, value] : schema.items()) {
    const auto typed_at = TypedKeywords().find(name);
    if (typed_at != TypedKeywords().end()) {
      typed.push_back(name);
    } else if (IsApplicator(name) || name == "const" || name == "enum") {
      deciding.push_back(name);
    } else if (name != "type" && !IsAnnotation(name)) {
      return SchemaError(path, absl::StrCat("the keyword ", name, " is not known"));
    }
  }
  if (schema.contains("type")) {
    RETURN_IF_ERROR(ReadTypes(schema["type"], path, keywords.types));
  }
  if (!deciding.empty()) {
    const bool with_type = schema.contains("type") && IsApplicator(deciding[0]);
    if (deciding.size() > 1 || !typed.empty() || with_type) {
      const std::string other = deciding.size() > 1 ? deciding[1] : !typed.empty() ? typed[0] : "type";
      return SchemaError(path, absl::StrCat(deciding[0], " and ", other, " cannot be combined"));
    }
    if (!IsApplicator(deciding[0])) {
      return ReadValues(schema, path, keywords);
    }
    const SchemaJson* value = &schema[deciding[0]];
    (deciding[0] == "$ref"    ? keywords.ref
     : deciding[0] == "allOf" ? keywords.all_of
     : deciding[0] == "anyOf" ? keywords.any_of
                              : keywords.one_of) = value;
    const bool valid = deciding[0] == "$ref" ? value->is_string() : value->is_array() && !value->empty();
    return valid ? absl::OkStatus()
                 : SchemaError(path, absl::StrCat(deciding[0], " has a value of a wrong type"));
  }
  if (keywords.types.empty()) {
    for (const std::string& name : typed) {
      const JsonType type = TypedKeywords().find(name)->second;
      if (!HasType(keywords.types, type)) {
        keywords.types.push_back(type);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace bitnet
