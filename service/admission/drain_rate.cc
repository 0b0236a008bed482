#include "service/admission/drain_rate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bitnet {
namespace {

constexpr double kMemorySeconds = 30;

}  // namespace

void DrainRate::AdvanceTo(absl::Time now, bool waiting) {
  if (waiting && last_ != absl::InfinitePast()) {
    since_ += share_ * std::max(0.0, absl::ToDoubleSeconds(now - last_));
  }
  last_ = now;
}

void DrainRate::Count(double tokens) {
  const double elapsed = std::exchange(since_, 0);
  const double kept = std::exp(-elapsed / kMemorySeconds);
  seconds_ = seconds_ * kept + elapsed;
  requests_ = requests_ * kept + 1;
  tokens_ = tokens_ * kept + tokens;
}

}  // namespace bitnet
