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

// 1 on cores that suit the request.
double Penalty(CoreKind kind, bool background) {
  if (background) {
    return kind == CoreKind::kPerformance ? kBackgroundOnPerformance : 1;
  }
  return kind == CoreKind::kEfficiency ? kOthersOnEfficiency : 1;
}

}  // namespace

std::optional<size_t> ChooseWorker(std::span<const RouteCandidate> candidates, const RouteRequest& request) {
  const double default_speed = DefaultSpeed(candidates);
  const auto penalty = [&](const RouteCandidate& candidate) {
    return Penalty(candidate.kind, request.background);
  };
  const auto cost = [&](const RouteCandidate& candidate, double work) {
    const double speed = candidate.tokens_per_second > 0 ? candidate.tokens_per_second : default_speed;
    return penalty(candidate) * work / (speed * candidate.weight);
  };
  const auto rank = [&](const RouteCandidate& candidate) {
    return std::tuple(candidate.stale, candidate.full, cost(candidate, candidate.tokens + request.tokens),
                      penalty(candidate), candidate.requests);
  };
  std::optional<size_t> best;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (!best.has_value() || rank(candidates[i]) < rank(candidates[*best])) {
      best = i;
    }
  }
  if (!best.has_value() || !request.last.has_value()) {
    return best;
  }
  const RouteCandidate& known = candidates[*request.last];
  const RouteCandidate& other = candidates[*best];
  const bool no_worse =
      known.stale == other.stale && known.full == other.full && penalty(known) <= penalty(other);
  const double bound = 2 * cost(other, other.tokens) + cost(other, request.tokens);
  return no_worse && cost(known, known.tokens) <= bound ? request.last : best;
}

}  // namespace bitnet
