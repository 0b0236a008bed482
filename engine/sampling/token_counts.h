// Which tokens a sequence has used, for penalties.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bitnet {

struct TokenCount {
  int32_t id;
  int32_t in_output;  // 0: it occurs only in the prompt.
};

// The distinct tokens of one sequence, by rising id. A sequence has thousands at most, so a sorted list is
// smaller than a table over the vocabulary and shorter to walk in each step.
class TokenCounts {
 public:
  // Of a prompt. Makes room for `max_output` more tokens: AddOutput allocates nothing.
  TokenCounts(std::span<const int32_t> prompt, size_t max_output);

  void AddOutput(int32_t id);
  std::span<const TokenCount> counts() const { return counts_; }

 private:
  std::vector<TokenCount> counts_;
};

}  // namespace bitnet
