#include "engine/adapters/adapter.h"

#include <algorithm>
#include <atomic>

namespace bitnet {

Adapter::Adapter(size_t num_layers) : pairs_(num_layers * kNumProjectionKinds) {
  static std::atomic<uint64_t> last_serial = 0;
  serial_ = ++last_serial;
}

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
