#include "service/admission/retry_pacer.h"

#include <algorithm>

namespace bitnet {

absl::Duration RetryPacer::Next(absl::Time now, absl::Duration turn) {
  // Nobody's turn is further away than one may be told to wait: who never comes back would leave a hole.
  last_turn_ = std::min(std::max(last_turn_, now) + turn, now + kLongest);
  const absl::Duration delay = std::max(last_turn_ - now, kShortest);
  return delay * std::uniform_real_distribution<double>(1 - kJitter, 1 + kJitter)(random_);
}

}  // namespace bitnet
