#include "engine/tokenizer/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet {

class Pretokenizer::Pattern {
 public:
  explicit Pattern(pcre2_code* code) : code_(code) {
    // Where there is no JIT compiler the interpreter does the same, slower.
    static_cast<void>(pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE));
  }
  ~Pattern() { pcre2_code_free(code_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  const pcre2_code* code() const { return code_; }

 private:
  pcre2_code* code_;
};

// Cuts valid UTF-8 with all patterns; keeps the memory that matching needs.
class Pretokenizer::Splitter {
 public:
  Splitter(std::span<const std::unique_ptr<Pattern>> patterns, absl::FunctionRef<void(std::string_view)> word)
      : patterns_(patterns), word_(word), match_(pcre2_match_data_create(1, nullptr)) {}
  ~Splitter() { pcre2_match_data_free(match_); }
  Splitter(const Splitter&) = delete;
  Splitter& operator=(const Splitter&) = delete;

  // Cuts `text` with the patterns from number `step` on. Depth is the number of patterns.
  void Split(std::string_view text, size_t step = 0) {
    if (text.empty()) {
      return;
    }
    if (step == patterns_.size()) {
      word_(text);
      return;
    }
    const size_t* range = pcre2_get_ovector_pointer(match_);
    for (size_t at = 0; at < text.size();) {
      // The text is known to be valid; checking it again for every word would take quadratic time.
      const int count = pcre2_match(patterns_[step]->code(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                    text.size(), at, PCRE2_NO_UTF_CHECK, match_, nullptr);
      // Should PCRE2 give up for want of resources, the rest is one piece: bytes are never lost.
      const bool found = count > 0 && range[0] >= at && range[1] > range[0];
      const size_t begin = found ? range[0] : text.size();
      const size_t end = found ? range[1] : text.size();
      Split(text.substr(at, begin - at), step + 1);
      Split(text.substr(begin, end - begin), step + 1);
      at = end;
    }
  }

 private:
  std::span<const std::unique_ptr<Pattern>> patterns_;
  absl::FunctionRef<void(std::string_view)> word_;
  pcre2_match_data* match_;
};

Pretokenizer::Pretokenizer(std::vector<std::unique_ptr<Pattern>> patterns) : patterns_(std::move(patterns)) {}
Pretokenizer::Pretokenizer(Pretokenizer&&) noexcept = default;
Pretokenizer& Pretokenizer::operator=(Pretokenizer&&) noexcept = default;
Pretokenizer::~Pretokenizer() = default;

absl::StatusOr<Pretokenizer> Pretokenizer::Create(std::span<const SplitStep> steps) {
  std::vector<std::unique_ptr<Pattern>> patterns;
  for (const SplitStep step : steps) {
    const auto [expression, bytes] = ExpressionOf(step);
    int error = 0;
    size_t error_offset = 0;
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                     bytes ? 0 : PCRE2_UTF | PCRE2_UCP, &error, &error_offset, nullptr);
    if (code == nullptr) {
      return absl::InternalError(absl::StrFormat("expression '%s': PCRE2 error %d at %d", expression, error,
                                                 static_cast<int>(error_offset)));
    }
    patterns.push_back(std::make_unique<Pattern>(code));
  }
  return Pretokenizer(std::move(patterns));
}

void Pretokenizer::Split(std::string_view text, absl::FunctionRef<void(std::string_view)> word) const {
  Splitter splitter(patterns_, word);
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    splitter.Split(text.substr(0, valid));
    text.remove_prefix(valid);
    if (!text.empty()) {
      word(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
}

}  // namespace bitnet
