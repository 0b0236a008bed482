#include "service/router/route.h"

#include <algorithm>
#include <tuple>

namespace bitnet {
namespace {

// For workers that have not computed anything yet: as fast as the fastest, so that they are tried.
double DefaultSpeed(std::span<const RouteCandidate> candidates) {
  double fastest = 0;
  for (const RouteCandidate& candidate : candidates) {
    fastest = std::max(fastest, candidate.tokens_per_second);
  }
  return fastest > 0 ? fastest : 1;
}

}  // namespace

std::optional<size_t> ChooseWorker(std::span<const RouteCandidate> candidates, double tokens,
                                   std::optional<size_t> last) {
  const double default_speed = DefaultSpeed(candidates);
  const auto seconds = [&](const RouteCandidate& candidate, double work) {
    const double speed = candidate.tokens_per_second > 0 ? candidate.tokens_per_second : default_speed;
    return work / (speed * candidate.weight);
  };
  const auto rank = [&](const RouteCandidate& candidate) {
    return std::tuple(candidate.stale, candidate.full, seconds(candidate, candidate.tokens + tokens),
                      candidate.requests);
  };
  std::optional<size_t> best;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (!best.has_value() || rank(candidates[i]) < rank(candidates[*best])) {
      best = i;
    }
  }
  if (!best.has_value() || !last.has_value()) {
    return best;
  }
  const RouteCandidate& known = candidates[*last];
  const RouteCandidate& other = candidates[*best];
  const bool no_worse = known.stale == other.stale && known.full == other.full;
  const double bound = 2 * seconds(other, other.tokens) + seconds(other, tokens);
  return no_worse && seconds(known, known.tokens) <= bound ? last : best;
}

}  // namespace bitnet
