// Regular expressions as grammars.
#pragma once

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/grammar/code_points.h"
#include "engine/grammar/grammar.h"
#include "engine/grammar/grammar_builder.h"

namespace bitnet {

// What ECMAScript's, Python's and Perl's expressions agree on. Matching is by characters, not bytes:
//   x  .  [a-z]  [^a-z]     a character, any but \n and \r, one of a class or none of it
//   \d \w \s \D \W \S       digits, [A-Za-z0-9_], white space, each of ASCII; and what is none of these
//   \t \n \r \f \v \0 \xHH \uHHHH \u{H...}    and any punctuation after a backslash is itself
//   a|b  ab  ()  (?:)  (?<name>)  (?P<name>)  groups capture nothing
//   * + ? {n} {n,} {n,m}    also with a ? behind, which changes no match
//   ^ $                     at the beginning and the end of the whole expression or of one of its
//                           alternatives, outside of groups
// Not known, and refused: back-references, look-around, \b and other anchors, \p, flags, possessive and
// atomic groups, a { that begins no repetition.

// The whole text must match, with ^ and $ or without. INVALID_ARGUMENT: says what is wrong and at which byte.
absl::StatusOr<Grammar> CompileRegex(std::string_view regex);

// How characters of a class are written in the text.
using WriteChars = absl::FunctionRef<GrammarBuilder::Expr(const CodePoints&)>;

// For what has a regular expression within it. If not `whole`, the text has the expression somewhere: where
// an alternative has no ^ or $, anything may stand before or behind it, as written by `write(all
// characters)`.
absl::StatusOr<GrammarBuilder::Expr> ParseRegex(std::string_view regex, bool whole, WriteChars write,
                                                GrammarBuilder& builder);

}  // namespace bitnet
