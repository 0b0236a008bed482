#include "engine/tokenizer/special_tokens.h"

#include <algorithm>
#include <utility>

namespace bitnet {

void SpecialTokenFinder::Add(std::string text, int32_t id) {
  std::vector<Marker>& markers = by_first_byte_[static_cast<uint8_t>(text[0])];
  const auto shorter =
      std::ranges::find_if(markers, [&](const Marker& marker) { return marker.text.size() < text.size(); });
  markers.insert(shorter, {std::move(text), id});
}

SpecialTokenFinder::Found SpecialTokenFinder::FindNext(std::string_view text, size_t from) const {
  for (size_t at = from; at < text.size(); ++at) {
    for (const Marker& marker : by_first_byte_[static_cast<uint8_t>(text[at])]) {
      if (text.substr(at).starts_with(marker.text)) {
        return {at, marker.text.size(), marker.id};
      }
    }
  }
  return {text.size()};
}

}  // namespace bitnet
