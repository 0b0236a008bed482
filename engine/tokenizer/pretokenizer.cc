#include "engine/tokenizer/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet {
namespace {

// llama-3's expression:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//   ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// PCRE2 counts U+180E as a space, which Unicode and the engines that models were trained with do not, so \s
// is written [^\S\x{180e}] here.
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?(?:[^\s\p{L}\p{N}]|\x{180e})+[\r\n]*|[^\S\x{180e}]*[\r\n]+|[^\S\x{180e}]+(?![\S\x{180e}])|[^\S\x{180e}]+)";

struct KnownName {
  std::string_view name;
  std::string_view expression;
};

// Several names in the wild mean the same expression. "" is a file that does not say.
constexpr KnownName kKnownNames[] = {
    {"", kLlama3}, {"llama3", kLlama3}, {"llama-v3", kLlama3}, {"llama-bpe", kLlama3}};

}  // namespace

struct Pretokenizer::Pattern {
  pcre2_code* code = nullptr;
  ~Pattern() { pcre2_code_free(code); }

  // Cuts valid UTF-8.
  void SplitValid(std::string_view text, absl::FunctionRef<void(std::string_view)> word) const {
    pcre2_match_data* match = pcre2_match_data_create(1, nullptr);
    const size_t* range = pcre2_get_ovector_pointer(match);
    for (size_t at = 0; at < text.size();) {
      // The text is known to be valid; checking it again for every word would take quadratic time.
      const int count = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                    PCRE2_NO_UTF_CHECK, match, nullptr);
      // Every character matches one of the alternatives, so there is a match, and it begins here. Should
      // PCRE2 give up for want of resources, the rest is one word: bytes are never lost.
      const size_t end = count > 0 && range[0] == at && range[1] > at ? range[1] : text.size();
      word(text.substr(at, end - at));
      at = end;
    }
    pcre2_match_data_free(match);
  }
};

Pretokenizer::Pretokenizer(std::unique_ptr<Pattern> pattern) : pattern_(std::move(pattern)) {}
Pretokenizer::Pretokenizer(Pretokenizer&&) noexcept = default;
Pretokenizer& Pretokenizer::operator=(Pretokenizer&&) noexcept = default;
Pretokenizer::~Pretokenizer() = default;

absl::StatusOr<Pretokenizer> Pretokenizer::Create(std::string_view name) {
  const auto* known = std::ranges::find(kKnownNames, name, &KnownName::name);
  if (known == std::end(kKnownNames)) {
    return absl::UnimplementedError(
        absl::StrFormat("key 'tokenizer.ggml.pre' is '%s'; only 'llama-bpe' and 'llama3' are known", name));
  }
  int error = 0;
  size_t error_offset = 0;
  auto pattern = std::make_unique<Pattern>();
  pattern->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(known->expression.data()), known->expression.size(),
                    PCRE2_UTF | PCRE2_UCP, &error, &error_offset, nullptr);
  if (pattern->code == nullptr) {
    return absl::InternalError(absl::StrFormat("the expression of pre-tokenizer '%s': PCRE2 error %d at %d",
                                               name, error, error_offset));
  }
  // Where there is no JIT compiler the interpreter does the same, slower.
  static_cast<void>(pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE));
  return Pretokenizer(std::move(pattern));
}

void Pretokenizer::Split(std::string_view text, absl::FunctionRef<void(std::string_view)> word) const {
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    pattern_->SplitValid(text.substr(0, valid), word);
    text.remove_prefix(valid);
    if (!text.empty()) {
      word(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
}

}  // namespace bitnet
