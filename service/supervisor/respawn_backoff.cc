#include "service/supervisor/respawn_backoff.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr absl::Duration kFirst = absl::Milliseconds(100);
constexpr absl::Duration kLongest = absl::Seconds(10);
constexpr absl::Duration kLongestOnceReady = absl::Seconds(1);
constexpr absl::Duration kHealthy = absl::Seconds(30);

}  // namespace

absl::Duration RespawnBackoff::NextDelay(absl::Duration healthy) {
  const bool fresh = delay_ == absl::ZeroDuration() || healthy >= kHealthy;
  const absl::Duration longest = healthy > absl::ZeroDuration() ? kLongestOnceReady : kLongest;
  delay_ = fresh ? kFirst : std::min(2 * delay_, longest);
  return delay_;
}

}  // namespace bitnet
