// Finds the markers of special tokens in text.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"

namespace bitnet {

class SpecialTokenFinder {
 public:
  struct Found {
    size_t begin;  // The end of the text if there is none.
    size_t length = 0;
    int32_t id = -1;
  };

  // `text` is not empty, and outlives this. Of several ids for one text the first counts.
  void Add(std::string_view text, int32_t id);
  // The first marker at or after `from` that `counts` says counts; of several that begin there, the longest.
  Found FindNext(std::string_view text, size_t from, absl::FunctionRef<bool(const Found&)> counts) const;
  Found FindNext(std::string_view text, size_t from) const {
    return FindNext(text, from, [](const Found&) { return true; });
  }

 private:
  // Some vocabularies have thousands of markers that begin alike, but few lengths.
  std::array<std::vector<size_t>, 256> lengths_by_first_byte_;  // The longest first.
  absl::flat_hash_map<std::string_view, int32_t> ids_;
};

}  // namespace bitnet
