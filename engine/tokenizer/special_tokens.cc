#include "engine/tokenizer/special_tokens.h"

#include <algorithm>
#include <functional>

namespace bitnet {

void SpecialTokenFinder::Add(std::string_view text, int32_t id) {
  std::vector<size_t>& lengths = lengths_by_first_byte_[static_cast<uint8_t>(text[0])];
  const auto place = std::ranges::lower_bound(lengths, text.size(), std::greater());
  if (place == lengths.end() || *place != text.size()) {
    lengths.insert(place, text.size());
  }
  ids_.try_emplace(text, id);
}

SpecialTokenFinder::Found SpecialTokenFinder::FindNext(std::string_view text, size_t from,
                                                       absl::FunctionRef<bool(const Found&)> counts) const {
  for (size_t at = from; at < text.size(); ++at) {
    for (const size_t length : lengths_by_first_byte_[static_cast<uint8_t>(text[at])]) {
      if (length > text.size() - at) {
        continue;
      }
      const auto it = ids_.find(text.substr(at, length));
      if (it == ids_.end()) {
        continue;
      }
      if (const Found found = {at, length, it->second}; counts(found)) {
        return found;
      }
    }
  }
  return {text.size()};
}

}  // namespace bitnet
