// How fast the queue empties.
#pragma once

#include "absl/time/time.h"

namespace bitnet {

// Work that left the queue per second in which somebody waited; seconds without a queue tell nothing about
// how fast one would move. The newest half minute of such seconds counts most, and while nothing leaves,
// nothing is forgotten.
class DrainRate {
 public:
  // Time passes: `waiting` tells whether somebody waited since the last call. Comes before each change.
  void AdvanceTo(absl::Time now, bool waiting);
  // A request, a work of so many tokens, left the queue to be computed.
  void Count(double tokens);

  // 0: not measured yet.
  double requests_per_second() const { return PerSecond(requests_); }
  double tokens_per_second() const { return PerSecond(tokens_); }

 private:
  double PerSecond(double amount) const { return amount > 0 ? amount / (seconds_ + since_) : 0; }

  absl::Time last_ = absl::InfinitePast();
  double since_ = 0;  // Seconds with a queue since something left it.
  // Sums up to then, whose parts lose weight with age.
  double seconds_ = 0;
  double requests_ = 0;
  double tokens_ = 0;
};

}  // namespace bitnet
