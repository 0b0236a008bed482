// From a JSON Schema to expressions of a grammar.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/grammar/grammar_builder.h"
#include "engine/grammar/json_text.h"
#include "engine/grammar/schema_keywords.h"

namespace bitnet {

class SchemaCompiler {
 public:
  explicit SchemaCompiler(const SchemaJson* document)  // Borrowed.
      : document_(document), json_(&builder_) {}

  absl::StatusOr<Grammar> Compile();

 private:
  using Expr = GrammarBuilder::Expr;
  using Rule = GrammarBuilder::Rule;
  // Of a schema, to be told of: "#/properties/a"; and how many schemas it is within.
  struct Path {
    std::string text;
    int depth = 0;
    Path operator/(const std::string& part) const;
  };

  absl::StatusOr<Expr> Schema(const SchemaJson& schema, const Path& path);
  absl::StatusOr<Expr> OfType(JsonType type, const SchemaJson& schema, const Path& path);
  absl::StatusOr<Expr> AnyOf(const SchemaJson& alternatives, const Path& path);
  absl::StatusOr<Expr> OneOf(const SchemaJson& alternatives, const Path& path);
  absl::StatusOr<Expr> Reference(const std::string& reference, const Path& path);
  Expr Values(const std::vector<SchemaJson>& values);

  absl::StatusOr<Expr> Object(const SchemaJson& schema, const Path& path);
  struct Property {
    std::string name;
    Expr member;
    bool required;
  };
  absl::StatusOr<std::vector<Property>> Properties(const SchemaJson& schema, const Path& path);
  // A member with any key but those of `properties`; nothing if the schema does not let it be.
  absl::StatusOr<Expr> AdditionalMember(const SchemaJson& schema, const std::vector<Property>& properties,
                                        const Path& path);

  absl::StatusOr<Expr> Array(const SchemaJson& schema, const Path& path);
  absl::StatusOr<Expr> String(const SchemaJson& schema, const Path& path);
  absl::StatusOr<Expr> Number(const SchemaJson& schema, const Path& path);
  absl::StatusOr<Expr> Integer(const SchemaJson& schema, const Path& path);

  // A keyword that is a number of things: as it says, `otherwise` if it is not there.
  static absl::StatusOr<std::optional<uint32_t>> Count(const SchemaJson& schema, const char* keyword,
                                                       const Path& path);

  const SchemaJson* document_;  // Borrowed.
  GrammarBuilder builder_;
  JsonText json_;
  std::map<const SchemaJson*, Rule> rules_;  // Of schemas that are referred to.
  std::vector<std::pair<const SchemaJson*, std::string>>
      to_compile_;  // Of these, the others; with their paths.
};

}  // namespace bitnet
