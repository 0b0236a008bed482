#include "engine/grammar/json_schema.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/grammar/schema_compiler.h"

namespace bitnet {

using Expr = GrammarBuilder::Expr;

SchemaCompiler::Path SchemaCompiler::Path::operator/(const std::string& part) const {
  return {absl::StrCat(text, "/", part), depth + 1};
}

absl::StatusOr<Grammar> SchemaCompiler::Compile() {
  ASSIGN_OR_RETURN(const Expr root, Reference("#", {"#"}));
  // One after the other: those that refer to each other are as deep as each of them.
  while (!to_compile_.empty()) {
    const auto [schema, path] = to_compile_.back();
    to_compile_.pop_back();
    ASSIGN_OR_RETURN(const Expr expr, Schema(*schema, {path}));
    builder_.Define(rules_.at(schema), expr);
  }
  const Rule rule = builder_.AddRule("the schema");
  builder_.Define(rule, root);
  return builder_.Build(rule);
}

absl::StatusOr<Expr> SchemaCompiler::Schema(const SchemaJson& schema, const Path& path) {
  if (schema.is_boolean()) {
    return schema.get<bool>() ? json_.Any() : builder_.Nothing();
  }
  if (!schema.is_object()) {
    return SchemaError(path.text, "a schema is wanted, an object or a boolean");
  }
  if (path.depth > kMaxGrammarNesting) {
    return SchemaError(path.text,
                       absl::StrFormat("schemas are nested more than %d deep", kMaxGrammarNesting));
  }
  SchemaKeywords keywords;
  RETURN_IF_ERROR(ReadSchemaKeywords(schema, path.text, keywords));
  if (keywords.ref != nullptr) {
    return Reference(keywords.ref->get_ref<const std::string&>(), path);
  }
  if (keywords.all_of != nullptr) {
    return keywords.all_of->size() == 1 ? Schema((*keywords.all_of)[0], path / "allOf/0")
                                        : SchemaError(path.text, "allOf is possible with one schema only");
  }
  if (keywords.any_of != nullptr) {
    return AnyOf(*keywords.any_of, path / "anyOf");
  }
  if (keywords.one_of != nullptr) {
    return OneOf(*keywords.one_of, path / "oneOf");
  }
  if (keywords.has_values) {
    return Values(keywords.values);
  }
  if (keywords.types.empty()) {
    return json_.Any();
  }
  std::vector<Expr> alternatives;
  const bool has_numbers = std::ranges::find(keywords.types, JsonType::kNumber) != keywords.types.end();
  for (JsonType type : keywords.types) {
    if (type != JsonType::kInteger || !has_numbers) {
      ASSIGN_OR_RETURN(const Expr expr, OfType(type, schema, path));
      alternatives.push_back(expr);
    }
  }
  return builder_.Choice(std::move(alternatives));
}

absl::StatusOr<Expr> SchemaCompiler::OfType(JsonType type, const SchemaJson& schema, const Path& path) {
  switch (type) {
    case JsonType::kObject:
      return Object(schema, path);
    case JsonType::kArray:
      return Array(schema, path);
    case JsonType::kString:
      return String(schema, path);
    case JsonType::kNumber:
      return Number(schema, path);
    case JsonType::kInteger:
      return Integer(schema, path);
    case JsonType::kBoolean:
      return json_.Boolean();
    case JsonType::kNull:
      break;
  }
  return json_.Null();
}

absl::StatusOr<Expr> SchemaCompiler::AnyOf(const SchemaJson& alternatives, const Path& path) {
  std::vector<Expr> exprs;
  for (size_t i = 0; i < alternatives.size(); ++i) {
    ASSIGN_OR_RETURN(const Expr expr, Schema(alternatives[i], path / absl::StrCat(i)));
    exprs.push_back(expr);
  }
  return builder_.Choice(std::move(exprs));
}

absl::StatusOr<Expr> SchemaCompiler::OneOf(const SchemaJson& alternatives, const Path& path) {
  // Looking at each pair takes a while if there are many.
  constexpr size_t kMaxAlternatives = 64;
  if (alternatives.size() > kMaxAlternatives) {
    return SchemaError(path.text, absl::StrFormat("%d alternatives are possible", kMaxAlternatives));
  }
  for (size_t i = 0; i < alternatives.size(); ++i) {
    for (size_t j = i + 1; j < alternatives.size(); ++j) {
      if (!AreDisjoint(*document_, alternatives[i], alternatives[j])) {
        return SchemaError(path.text,
                           absl::StrFormat("alternatives %d and %d might both hold; anyOf lets them", i, j));
      }
    }
  }
  return AnyOf(alternatives, path);
}

absl::StatusOr<Expr> SchemaCompiler::Reference(const std::string& reference, const Path& path) {
  const SchemaJson* target = FindSchema(*document_, reference);
  if (target == nullptr) {
    return SchemaError(path.text, absl::StrCat("$ref is ", reference, ", which is not in this document"));
  }
  const auto [at, is_new] = rules_.try_emplace(target, 0);
  if (is_new) {
    at->second = builder_.AddRule(reference);
    to_compile_.emplace_back(target, reference);
  }
  return builder_.Call(at->second);
}

Expr SchemaCompiler::Values(const std::vector<SchemaJson>& values) {
  std::vector<std::string> texts;
  for (const SchemaJson& value : values) {
    texts.push_back(value.dump());
  }
  return builder_.AnyLiteral(std::move(texts));
}

absl::StatusOr<Grammar> CompileJsonSchema(std::string_view schema) {
  RETURN_IF_ERROR(CheckGrammarText(schema));
  // Values of const and default can be nested as well, and writing them is recursive.
  bool too_deep = false;
  const auto check_depth = [&](int depth, SchemaJson::parse_event_t, SchemaJson&) {
    too_deep = too_deep || depth > 4 * kMaxGrammarNesting;
    return !too_deep;
  };
  const SchemaJson document = SchemaJson::parse(schema, check_depth, /*allow_exceptions=*/false);
  if (too_deep) {
    return absl::InvalidArgumentError(
        absl::StrFormat("it is nested more than %d deep", 4 * kMaxGrammarNesting));
  }
  if (document.is_discarded()) {
    return absl::InvalidArgumentError("it is not JSON");
  }
  return SchemaCompiler(&document).Compile();
}

absl::StatusOr<Grammar> CompileJsonObject() {
  GrammarBuilder builder;
  JsonText json(&builder);
  const GrammarBuilder::Rule root = builder.AddRule("an object");
  builder.Define(root, json.AnyObject());
  return builder.Build(root);
}

}  // namespace bitnet
