// Joules from a power that can only be looked at now and then.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace bitnet {

class PowerIntegral {
 public:
  // The power is `watts` at `now`, of any clock that only goes forward. Returns the joules since the first
  // call: between two calls the power is taken for the mean of both. Nothing is added for more than ten
  // seconds without a reading, when a machine was asleep, or nobody looked: that would be a guess.
  double Advance(double watts, absl::Duration now) {
    if (last_.has_value() && now - last_->at <= absl::Seconds(10)) {
      joules_ += (watts + last_->watts) / 2 * absl::ToDoubleSeconds(now - last_->at);
    }
    last_ = {watts, now};
    return joules_;
  }

 private:
  struct Reading {
    double watts;
    absl::Duration at;
  };
  std::optional<Reading> last_;
  double joules_ = 0;
};

}  // namespace bitnet
