#include "engine/sampling/token_counts.h"

#include <algorithm>

namespace bitnet {

TokenCounts::TokenCounts(std::span<const int32_t> prompt, size_t max_output) {
  counts_.reserve(prompt.size() + max_output);
  for (int32_t id : prompt) {
    counts_.push_back({id, 0});
  }
  std::ranges::sort(counts_, {}, &TokenCount::id);
  const auto repeated = std::ranges::unique(counts_, {}, &TokenCount::id);
  counts_.erase(repeated.begin(), repeated.end());
}

void TokenCounts::AddOutput(int32_t id) {
  auto at = std::ranges::lower_bound(counts_, id, {}, &TokenCount::id);
  if (at == counts_.end() || at->id != id) {
    at = counts_.insert(at, {id, 0});
  }
  ++at->in_output;
}

}  // namespace bitnet
