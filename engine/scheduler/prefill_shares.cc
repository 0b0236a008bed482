#include "engine/scheduler/prefill_shares.h"

#include <algorithm>
#include <tuple>

namespace bitnet {
namespace {

// Of one class. Returns what is left.
size_t ShareAmongEquals(std::span<PrefillShare> shares, size_t budget) {
  const auto give = [&budget](PrefillShare& share, size_t most) {
    const size_t tokens = std::min({share.pending - share.tokens, most, budget});
    share.tokens += tokens;
    budget -= tokens;
  };
  give(shares.front(), (budget + 1) / 2);
  std::ranges::sort(shares, {}, [](const PrefillShare& s) { return std::tuple(s.pending, s.index); });
  for (PrefillShare& share : shares) {
    give(share, budget);
  }
  return budget;
}

}  // namespace

void SharePrefill(std::span<PrefillShare> shares, size_t budget) {
  for (size_t begin = 0; begin < shares.size();) {
    const auto rest = shares.subspan(begin);
    const auto end = std::ranges::find_if(
        rest, [&](const PrefillShare& share) { return share.priority != rest.front().priority; });
    const auto equals = rest.first(static_cast<size_t>(end - rest.begin()));
    budget = ShareAmongEquals(equals, budget);
    begin += equals.size();
  }
}

}  // namespace bitnet
