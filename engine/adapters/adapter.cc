#include "engine/adapters/adapter.h"

#include <algorithm>

namespace bitnet {

size_t Adapter::num_pairs() const {
  return static_cast<size_t>(
      std::ranges::count_if(pairs_, [](const LowRankPair& pair) { return pair.rank > 0; }));
}

size_t Adapter::max_rank() const {
  size_t rank = 0;
  for (const LowRankPair& pair : pairs_) {
    rank = std::max(rank, pair.rank);
  }
  return rank;
}

size_t Adapter::bytes() const {
  size_t floats = 0;
  for (const LowRankPair& pair : pairs_) {
    floats += pair.a.size() + pair.b.size();
  }
  return floats * sizeof(float);
}

}  // namespace bitnet
