// The pre-tokenizers of models, by the names that files give them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

// One cut through a text. What an expression matches and what lies between its matches are pieces alike.
// (Some models look for digits in the visible alphabet of byte-level BPE, in which the second byte of an
// accented letter may be a superscript two.)
enum class SplitStep : uint8_t {
  kLlama3,                   // Words with one leading symbol, up to three digits, lines.
  kQwen2,                    // As llama-3's, but every digit alone.
  kGpt2,                     // Words, numbers and symbols, each with one leading space.
  kDigit,                    // Every digit alone.
  kDigits,                   // Runs of digits.
  kByteDigit,                // Every digit alone in a text of which each byte is a Latin-1 character.
  kByteDigits,               // Runs of those.
  kThreeDigits,              // ASCII digits in threes, from the left.
  kPunctuation,              // Every punctuation mark alone.
  kPunctuationRuns,          // Runs of punctuation marks.
  kPunctuationButBackticks,  // The same, but "`" is none: what llama.cpp does where a file says "default".
};

// Every step is compiled and run. No model has half as many.
inline constexpr size_t kMaxSplitSteps = 8;

// How text becomes words, and what else goes with a name.
struct PretokenizerKind {
  std::vector<SplitStep> steps;  // One after the other, each within the pieces of the one before.
  bool nfc = false;              // The text is brought into Unicode's normalisation form C first.
  bool whole_words = false;      // A word that is a token is that token, wherever merging would end.
  bool adds_bos = false;         // Where the file does not say whether a prompt begins with the BOS token.
};

// What `name` means as tokenizer.ggml.pre; the names are llama.cpp's. "" is llama-3's. A kind that has no
// such name is spelled out as PretokenizerName does. UNIMPLEMENTED names one that is not known.
absl::StatusOr<PretokenizerKind> FindPretokenizer(std::string_view name);

// The name of steps, form and words, whatever `adds_bos` says: the best known one, or else "steps:" and the
// steps with commas between them, then ";nfc" and ";whole-words" as they apply.
std::string PretokenizerName(const PretokenizerKind& kind);

// A step as PCRE2 runs it. Digits of Latin-1 are bytes of other characters in UTF-8, so steps that look for
// them cut characters; after one of them come only steps that work on bytes.
struct SplitExpression {
  std::string_view text;
  bool bytes;  // On bytes, not on UTF-8's characters.
};
SplitExpression ExpressionOf(SplitStep step);

}  // namespace bitnet
