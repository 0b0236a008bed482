// Finds the markers of special tokens in text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet {

class SpecialTokenFinder {
 public:
  struct Found {
    size_t begin;  // The end of the text if there is none.
    size_t length = 0;
    int32_t id = -1;
  };

  // `text` is not empty.
  void Add(std::string text, int32_t id);
  // The first marker at or after `from`; of several that begin there, the longest.
  Found FindNext(std::string_view text, size_t from) const;

 private:
  struct Marker {
    std::string text;
    int32_t id;
  };
  std::array<std::vector<Marker>, 256> by_first_byte_;  // The longest first.
};

}  // namespace bitnet
