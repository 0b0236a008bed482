// What an answer must look like.
#pragma once

#include <string>

namespace bitnet {

enum class ConstraintKind {
  kNone,
  kJsonSchema,  // `text` is a JSON Schema (json_schema.h).
  kJsonObject,  // Any JSON object.
  kRegex,       // `text` is a regular expression (regex.h); the whole answer matches.
  kGrammar,     // `text` is a grammar (grammar_text.h).
};

struct Constraint {
  ConstraintKind kind = ConstraintKind::kNone;
  std::string text = {};
  bool operator==(const Constraint&) const = default;
};

}  // namespace bitnet
