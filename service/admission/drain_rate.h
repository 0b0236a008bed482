// How fast the queue empties.
#pragma once

#include "absl/time/time.h"

namespace bitnet {

// Work that left the queue per second in which somebody waited; seconds without a queue tell nothing about
// how fast one would move. The newest half minute of such seconds counts most, and while nothing leaves,
// nothing is forgotten.
//
// A machine that is warm does a share of its usual work. A second counts as so much of one, and what is
// measured as so much of a rate: so the rate follows a change of that share at once, and stays what is
// measured while it does not change.
class DrainRate {
 public:
  // Time passes: `waiting` tells whether somebody waited since the last call. Comes before each change.
  void AdvanceTo(absl::Time now, bool waiting);
  // From now on so much of the usual work is done, in (0, 1].
  void SetShare(double share) { share_ = share; }
  // A request, a work of so many tokens, left the queue to be computed.
  void Count(double tokens);

  // 0: not measured yet.
  double requests_per_second() const { return share_ * PerFullSecond(requests_); }
  double tokens_per_second() const { return share_ * PerFullSecond(tokens_); }

 private:
  double PerFullSecond(double amount) const { return amount > 0 ? amount / (seconds_ + since_) : 0; }

  absl::Time last_ = absl::InfinitePast();
  double share_ = 1;
  double since_ = 0;  // Full seconds with a queue since something left it.
  // Sums up to then, whose parts lose weight with age.
  double seconds_ = 0;
  double requests_ = 0;
  double tokens_ = 0;
};

}  // namespace bitnet
