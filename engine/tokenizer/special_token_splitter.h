// Cuts a text into special tokens and what lies between them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "engine/tokenizer/special_tokens.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

// User-defined tokens are text, such as <think> or eight spaces, that models were trained to see as one token
// wherever it stands, so they are found in every text. Control tokens and the unknown token are found only
// where the text is not plain.
class SpecialTokenSplitter {
 public:
  // `vocabulary` outlives this.
  explicit SpecialTokenSplitter(const Vocabulary& vocabulary);

  // Calls `between` for every piece of text that is not empty and `token` for every token, in order. `plain`
  // are ranges in order and apart.
  void Split(std::string_view text, std::span<const TextRange> plain,
             absl::FunctionRef<void(std::string_view)> between, absl::FunctionRef<void(int32_t)> token) const;

 private:
  const Vocabulary& vocabulary_;
  SpecialTokenFinder finder_;
};

}  // namespace bitnet
