#include "engine/tokenizer/pretokenizer_names.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

// llama-3's expression, which qwen2 and others share but for the digits:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//   ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// PCRE2 counts U+180E as a space, which Unicode and the engines that models were trained with do not, so \s
// is written [^\S\x{180e}] here.
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?(?:[^\s\p{L}\p{N}]|\x{180e})+[\r\n]*|[^\S\x{180e}]*[\r\n]+|[^\S\x{180e}]+(?![\S\x{180e}])|[^\S\x{180e}]+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?(?:[^\s\p{L}\p{N}]|\x{180e})+[\r\n]*|[^\S\x{180e}]*[\r\n]+|[^\S\x{180e}]+(?![\S\x{180e}])|[^\S\x{180e}]+)";
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?(?:[^\s\p{L}\p{N}]|\x{180e})+)"
    R"(|[^\S\x{180e}]+(?![\S\x{180e}])|[^\S\x{180e}]+)";

struct Step {
  SplitStep step;
  std::string_view name;
  SplitExpression expression;
};
constexpr Step kSteps[] = {
    {SplitStep::kLlama3, "llama3", {kLlama3, false}},
    {SplitStep::kQwen2, "qwen2", {kQwen2, false}},
    {SplitStep::kGpt2, "gpt2", {kGpt2, false}},
    {SplitStep::kDigit, "digit", {R"(\p{N})", false}},
    {SplitStep::kDigits, "digits", {R"(\p{N}+)", false}},
    // Latin-1's digits are 0 to 9, three superscripts and three fractions.
    {SplitStep::kByteDigit, "byte-digit", {R"([0-9\xB2\xB3\xB9\xBC-\xBE])", true}},
    {SplitStep::kByteDigits, "byte-digits", {R"([0-9\xB2\xB3\xB9\xBC-\xBE]+)", true}},
    {SplitStep::kThreeDigits, "three-digits", {"[0-9]{3}", true}},
    // ASCII's symbols count as punctuation even where Unicode calls them something else.
    {SplitStep::kPunctuation, "punctuation", {R"([\p{P}$+<=>^`|~])", false}},
    {SplitStep::kPunctuationRuns, "punctuation-runs", {R"([\p{P}$+<=>^`|~]+)", false}},
    {SplitStep::kPunctuationButBackticks, "punctuation-but-backticks", {R"([\p{P}$+<=>^|~]+)", false}},
};

struct KnownName {
  std::string_view name;
  PretokenizerKind kind;
};

// Of several names for one kind the first is the one that is written.
const std::vector<KnownName>& KnownNames() {
  using enum SplitStep;
  static const auto& names = *new std::vector<KnownName>{
      {"llama-bpe", {{kLlama3}, false, true, true}},
      {"", {{kLlama3}, false, true, true}},
      {"llama3", {{kLlama3}, false, true, true}},
      {"llama-v3", {{kLlama3}, false, true, true}},
      {"falcon3", {{kLlama3}, false, true, true}},
      {"falcon_e", {{kLlama3}, false, true, true}},
      {"smaug-bpe", {{kLlama3}, false, false, false}},
      {"dbrx", {{kLlama3}, false, false, false}},
      {"qwen2", {{kQwen2}, true, false, false}},
      {"deepseek-r1-qwen", {{kQwen2}, true, false, false}},
      {"gpt-2", {{kGpt2}, false, false, false}},
      {"gpt2", {{kGpt2}, false, false, false}},
      {"phi-2", {{kGpt2}, false, false, false}},
      {"olmo", {{kGpt2}, true, false, false}},  // GPT-NeoX's, and so TriLM's.
      {"smollm", {{kDigit, kGpt2}, false, false, false}},
      {"starcoder", {{kDigit, kGpt2}, false, false, false}},
      {"command-r", {{kDigit, kGpt2}, true, false, false}},
      {"falcon", {{kPunctuationRuns, kGpt2, kByteDigits, kThreeDigits}, false, false, false}},
      {"default", {{kPunctuationButBackticks, kGpt2, kDigits, kThreeDigits}, false, false, false}},
  };
  return names;
}

constexpr std::string_view kSpelledOut = "steps:";
constexpr std::string_view kNfc = ";nfc";
constexpr std::string_view kWholeWords = ";whole-words";

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  const bool found = text.ends_with(suffix);
  text.remove_suffix(found ? suffix.size() : 0);
  return found;
}

absl::Status Unknown(std::string_view name) {
  return absl::UnimplementedError(absl::StrFormat(
      "key 'tokenizer.ggml.pre' is '%s'; known are 'llama-bpe', 'falcon3', 'qwen2', 'gpt-2', 'olmo', "
      "'smollm' and some more names of llama.cpp",
      name));
}

absl::StatusOr<PretokenizerKind> ParseSpelledOut(std::string_view name) {
  std::string_view rest = name.substr(kSpelledOut.size());
  PretokenizerKind kind;
  kind.whole_words = TakeSuffix(rest, kWholeWords);
  kind.nfc = TakeSuffix(rest, kNfc);
  for (bool more = true; more;) {
    const size_t comma = rest.find(',');
    const auto* step = std::ranges::find(kSteps, rest.substr(0, comma), &Step::name);
    if (step == std::end(kSteps) || kind.steps.size() == kMaxSplitSteps) {
      return Unknown(name);
    }
    if (!step->expression.bytes && !kind.steps.empty() && ExpressionOf(kind.steps.back()).bytes) {
      return Unknown(name);
    }
    kind.steps.push_back(step->step);
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : 0);
  }
  return kind;
}

}  // namespace

absl::StatusOr<PretokenizerKind> FindPretokenizer(std::string_view name) {
  if (name.starts_with(kSpelledOut)) {
    return ParseSpelledOut(name);
  }
  const auto known = std::ranges::find(KnownNames(), name, &KnownName::name);
  if (known == KnownNames().end()) {
    return Unknown(name);
  }
  return known->kind;
}

std::string PretokenizerName(const PretokenizerKind& kind) {
  const auto same = [&](const KnownName& known) {
    return known.kind.steps == kind.steps && known.kind.nfc == kind.nfc &&
           known.kind.whole_words == kind.whole_words;
  };
  if (const auto known = std::ranges::find_if(KnownNames(), same); known != KnownNames().end()) {
    return std::string(known->name);
  }
  std::string name(kSpelledOut);
  for (size_t i = 0; i < kind.steps.size(); ++i) {
    name += i > 0 ? "," : "";
    name += std::ranges::find(kSteps, kind.steps[i], &Step::step)->name;
  }
  name += kind.nfc ? kNfc : "";
  name += kind.whole_words ? kWholeWords : "";
  return name;
}

SplitExpression ExpressionOf(SplitStep step) {
  return std::ranges::find(kSteps, step, &Step::step)->expression;
}

}  // namespace bitnet
