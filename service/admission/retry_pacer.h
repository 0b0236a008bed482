// When those who were refused may come back.
#pragma once

#include <random>

#include "absl/time/time.h"

namespace bitnet {

// Spreads them out as the queue moves: each is given a time behind the one before, or all would come at once,
// and all but one in vain.
class RetryPacer {
 public:
  static constexpr absl::Duration kShortest = absl::Milliseconds(100);
  static constexpr absl::Duration kLongest = absl::Minutes(1);
  static constexpr double kJitter = 0.1;  // Of the delay, to either side; beyond the bounds as well.

  explicit RetryPacer(unsigned seed = std::random_device()()) : random_(seed) {}

  // From `now` on, for one who has to wait until the queue has moved by what takes `turn`.
  absl::Duration Next(absl::Time now, absl::Duration turn);

 private:
  absl::Time last_turn_ = absl::InfinitePast();  // Given to the last one.
  std::minstd_rand random_;
};

}  // namespace bitnet
