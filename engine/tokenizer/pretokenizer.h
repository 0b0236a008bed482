// Cuts text into the words within which byte pairs are merged.
#pragma once

#include <memory>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace bitnet {

// A regular expression whose matches, one after the other, are the words. Immutable after creation; safe to
// share between threads. Letters and numbers are those of the Unicode version that the installed PCRE2 knows
// (14 in Debian 12); characters that are newer count as symbols.
class Pretokenizer {
 public:
  // `name` as in tokenizer.ggml.pre; "" is llama-3's. UNIMPLEMENTED names one that is not known.
  static absl::StatusOr<Pretokenizer> Create(std::string_view name);

  Pretokenizer(Pretokenizer&&) noexcept;
  Pretokenizer& operator=(Pretokenizer&&) noexcept;
  ~Pretokenizer();

  // Calls `word` with every word of `text`, in order; together they are `text`. A byte that belongs to no
  // valid UTF-8 character is a word of its own, and the text before it and after it is cut as if it stood
  // alone.
  void Split(std::string_view text, absl::FunctionRef<void(std::string_view)> word) const;

 private:
  struct Pattern;
  explicit Pretokenizer(std::unique_ptr<Pattern> pattern);
  std::unique_ptr<Pattern> pattern_;
};

}  // namespace bitnet
