// Grammars as people write them: a subset of llama.cpp's GBNF.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/grammar/grammar.h"

namespace bitnet {

// Rules `name ::= expression`, in any order; the text must match the rule called root. An expression is
// alternatives `a | b` of sequences `a b` (empty ones match the empty text) of
//   "text"            with the escapes \n \r \t \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH
//   [a-z_] [^"\\]     one character of these, or one that is none of these; the same escapes, and \- \^
//   .                 any character
//   name              what that rule matches; names have letters, digits and hyphens
//   ( expression )
// each of them perhaps followed by * + ? {n} {n,} {n,m}. `#` begins a comment. White space, ends of lines
// too, only separates: a rule ends where the next begins. \xHH is a character, U+00HH, not a byte; tokens,
// <name> and <[id]>, are not known. No rule may begin with itself.
//
// INVALID_ARGUMENT: says what is wrong and at which byte.
absl::StatusOr<Grammar> CompileGrammarText(std::string_view text);

}  // namespace bitnet
