// The pieces of JSON, as expressions of a grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/grammar/code_points.h"
#include "engine/grammar/grammar_builder.h"

namespace bitnet {

// What is generated is JSON as RFC 8259 has it, with two choices made:
//   White space is what separates items for the eye, and never more: behind { [ , : and before } ] there may
//   be one space, or a newline and up to 20 spaces or tabs. Models that have nothing to say like to say it
//   in white space.
//   Numbers have up to 18 digits before the point, 15 behind it, and exponents 2: everyone can read them.
class JsonText {
 public:
  using Expr = GrammarBuilder::Expr;

  explicit JsonText(GrammarBuilder* builder);  // Borrowed.

  Expr space() const { return space_; }

  // Values.
  Expr Any();  // Of any type.
  Expr AnyObject();
  Expr AnyArray();
  Expr String(uint32_t min_length = 0, std::optional<uint32_t> max_length = {});  // Counted in characters.
  Expr Integer();
  Expr Number();
  Expr Boolean();
  Expr Null();

  // A string's characters of a class: as they are, or as escapes where they must be. Of what may be written
  // either way, one way is possible.
  Expr StringChars(const CodePoints& chars);
  // A whole string that is none of `others`; written without escapes.
  Expr StringExcept(std::vector<std::u32string> others);
  // "[" items "]", "{" members "}", with space inside.
  Expr Enclosed(char open, Expr inside, char close);
  // "," and what follows.
  Expr AfterComma(Expr item);
  // key ":" value
  Expr Member(Expr key, Expr value);

 private:
  Expr StringExceptFrom(const std::vector<std::u32string>& others, size_t at, int depth);
  Expr OneRule(std::optional<GrammarBuilder::Rule>& rule, std::string_view name, Expr (JsonText::*make)());
  Expr MakeAny();
  Expr MakeObject();
  Expr MakeArray();
  Expr MakeString();
  Expr MakeChar();
  Expr MakeRestOfKey();
  Expr Digits(uint32_t min, uint32_t max);

  GrammarBuilder* builder_;  // Borrowed.
  Expr space_;
  std::optional<GrammarBuilder::Rule> any_, object_, array_, string_, char_, rest_of_key_;
};

}  // namespace bitnet
