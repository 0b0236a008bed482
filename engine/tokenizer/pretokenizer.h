// Cuts text into the words within which byte pairs are merged.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/tokenizer/pretokenizer_names.h"

namespace bitnet {

// Regular expressions that cut a text into pieces, each within the pieces of the one before. Immutable after
// creation; safe to share between threads. Letters and numbers are those of the Unicode version that the
// installed PCRE2 knows (14 in Debian 12); characters that are newer count as symbols.
class Pretokenizer {
 public:
  // Without steps the whole text is one word.
  static absl::StatusOr<Pretokenizer> Create(std::span<const SplitStep> steps);

  Pretokenizer(Pretokenizer&&) noexcept;
  Pretokenizer& operator=(Pretokenizer&&) noexcept;
  ~Pretokenizer();

  // Calls `word` with every word of `text`, in order; together they are `text`. A byte that belongs to no
  // valid UTF-8 character is a word of its own, and the text before it and after it is cut as if it stood
  // alone.
  void Split(std::string_view text, absl::FunctionRef<void(std::string_view)> word) const;

 private:
  class Pattern;
  class Splitter;
  explicit Pretokenizer(std::vector<std::unique_ptr<Pattern>> patterns);
  std::vector<std::unique_ptr<Pattern>> patterns_;
};

}  // namespace bitnet
