#include "engine/grammar/token_trie.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace bitnet {

TokenTrie::TokenTrie(const Tokenizer& tokenizer, size_t vocab_size) : vocab_size_(vocab_size) {
  byte_begin_.push_back(0);
  for (size_t id = 0; id < vocab_size; ++id) {
    if (id < tokenizer.vocab_size()) {
      const std::string_view bytes = tokenizer.TokenBytes(static_cast<int32_t>(id));
      if (bytes.size() <= kMaxTokenBytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        longest_ = std::max(longest_, bytes.size());
      }
    }
    byte_begin_.push_back(static_cast<uint32_t>(bytes_.size()));
  }
  std::vector<int32_t> sorted(vocab_size);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::erase_if(sorted, [this](int32_t id) { return bytes(id).empty(); });
  std::ranges::stable_sort(sorted, [this](int32_t a, int32_t b) {
    return std::ranges::lexicographical_compare(bytes(a), bytes(b));
  });
  std::vector<uint32_t> path;  // The nodes of the token before.
  std::span<const uint8_t> before;
  const auto leave = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      nodes_[path.back()].after = static_cast<uint32_t>(nodes_.size());
    }
  };
  for (int32_t id : sorted) {
    const std::span<const uint8_t> now = bytes(id);
    leave(std::ranges::mismatch(before, now).in1 - before.begin());
    while (path.size() < now.size()) {
      path.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back({.after = 0,
                        .first_token = static_cast<uint32_t>(tokens_.size()),
                        .depth = static_cast<uint16_t>(path.size()),
                        .byte = now[path.size() - 1]});
    }
    tokens_.push_back(id);
    before = now;
  }
  leave(0);
  nodes_.push_back({.after = 0, .first_token = static_cast<uint32_t>(tokens_.size()), .depth = 0, .byte = 0});
}

}  // namespace bitnet
