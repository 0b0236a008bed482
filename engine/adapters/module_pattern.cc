#include "engine/adapters/module_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

// What characters mean something in an expression, apart from the dots that all names have.
constexpr std::string_view kOperators = "\\^$*+?()[]{}|";

// A name of 40 letters against a sane pattern takes some hundred steps; one made to be slow takes 2^40.
constexpr uint32_t kMaxSteps = 10'000;
constexpr uint32_t kMaxDepth = 1'000;
constexpr uint32_t kMaxHeapKib = 1'024;
constexpr size_t kMaxPattern = 1'000;

template <auto free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Code = std::unique_ptr<pcre2_code, Freer<pcre2_code_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freer<pcre2_match_context_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freer<pcre2_compile_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freer<pcre2_match_data_free>>;

PCRE2_SPTR Units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

absl::Status Pcre2Error(std::string_view pattern, int error) {
  PCRE2_UCHAR text[128] = {};
  pcre2_get_error_message(error, text, sizeof(text));
  return absl::InvalidArgumentError(absl::StrFormat("the pattern %s: %s", QuoteName(pattern),
                                                    std::string(reinterpret_cast<const char*>(text))));
}

// Dots match themselves among others, and names have nothing but letters, digits and underscores between
// theirs; so without operators only the length and those places need a look.
bool MatchesPlain(std::string_view pattern, std::string_view module) {
  if (pattern.size() > module.size()) {
    return false;
  }
  const size_t begin = module.size() - pattern.size();
  if (begin > 0 && module[begin - 1] != '.') {
    return false;
  }
  return std::ranges::equal(pattern, module.substr(begin), [](char p, char m) { return p == '.' || p == m; });
}

absl::StatusOr<bool> MatchesExpression(std::string_view pattern, std::string_view module) {
  const CompileContext limits(pcre2_compile_context_create(nullptr));
  pcre2_set_max_pattern_length(limits.get(), kMaxPattern + 16);
  const std::string whole = absl::StrCat("(.*\\.)?(", std::string(pattern), ")$");
  int error = 0;
  size_t offset = 0;
  const Code code(pcre2_compile(Units(whole), whole.size(),
                                PCRE2_ANCHORED | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                                limits.get()));
  if (code == nullptr) {
    return Pcre2Error(pattern, error);
  }
  const MatchContext bounds(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(bounds.get(), kMaxSteps);
  pcre2_set_depth_limit(bounds.get(), kMaxDepth);
  pcre2_set_heap_limit(bounds.get(), kMaxHeapKib);
  const MatchData match(pcre2_match_data_create(1, nullptr));
  const int found = pcre2_match(code.get(), Units(module), module.size(), 0, 0, match.get(), bounds.get());
  if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
    return Pcre2Error(pattern, found);
  }
  return found >= 0;
}

}  // namespace

bool IsExpression(std::string_view pattern) {
  return pattern.find_first_of(kOperators) != std::string_view::npos;
}

absl::StatusOr<bool> MatchesModule(std::string_view pattern, std::string_view module) {
  if (!IsExpression(pattern)) {
    return MatchesPlain(pattern, module);
  }
  if (pattern.size() > kMaxPattern) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a pattern has %d bytes; at most %d are read", pattern.size(), kMaxPattern));
  }
  return MatchesExpression(pattern, module);
}

}  // namespace bitnet
