#include "engine/tokenizer/special_token_splitter.h"

#include <algorithm>

namespace bitnet {
namespace {

bool Touches(std::span<const TextRange> ranges, size_t begin, size_t end) {
  const auto range = std::ranges::upper_bound(ranges, begin, {}, &TextRange::end);
  return range != ranges.end() && range->begin < end;
}

}  // namespace

SpecialTokenSplitter::SpecialTokenSplitter(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const auto& [text, type] = vocabulary.tokens[id];
    if (!text.empty() &&
        (type == TokenType::kUserDefined || type == TokenType::kControl || type == TokenType::kUnknown)) {
      finder_.Add(text, static_cast<int32_t>(id));
    }
  }
}

void SpecialTokenSplitter::Split(std::string_view text, std::span<const TextRange> plain,
                                 absl::FunctionRef<void(std::string_view)> between,
                                 absl::FunctionRef<void(int32_t)> token) const {
  const auto counts = [&](const SpecialTokenFinder::Found& found) {
    return vocabulary_.tokens[found.id].type == TokenType::kUserDefined ||
           !Touches(plain, found.begin, found.begin + found.length);
  };
  for (size_t at = 0; at < text.size();) {
    const SpecialTokenFinder::Found found = finder_.FindNext(text, at, counts);
    if (found.begin > at) {
      between(text.substr(at, found.begin - at));
    }
    if (found.length > 0) {
      token(found.id);
    }
    at = found.begin + found.length;
  }
}

}  // namespace bitnet
