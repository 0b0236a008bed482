// How much of its usual work a worker gets while its machine is warm.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/time/time.h"
#include "proto/bitnet/worker/v1/worker.pb.h"

namespace bitnet {

// Goes down a list of weights, one for each level of pressure, and up again; one step at a time:
//
//   nominal 1    fair 0.8    serious 0.5    critical 0.2
//
// Down once the pressure has been above the step for ten seconds: a burst is over by then. Up once it has
// been below for two minutes: heat goes slowly, and work that comes back at once makes the machine warm
// again. No two steps in opposite directions are closer than a minute. A critical machine still takes what no
// other can: it is not drained, for a fanless one is warm whenever it is busy.
class ThermalSteps {
 public:
  // `now` only goes forward. A pressure that is not known is taken for nominal.
  void Observe(absl::Time now, worker::v1::ThermalPressure pressure) {
    const int wanted = std::clamp(pressure - worker::v1::THERMAL_PRESSURE_NOMINAL, 0, kLast);
    const int direction = (wanted > step_) - (wanted < step_);
    if (direction != wanted_direction_) {
      wanted_direction_ = direction;
      since_ = now;
    }
    const absl::Duration hold = direction > 0 ? kHoldDown : kHoldUp;
    const bool turns = direction != last_direction_ && last_direction_ != 0;
    if (direction == 0 || now - since_ < hold || (turns && now - last_change_ < kShortestTurn)) {
      return;
    }
    step_ += direction;
    since_ = now;  // The next step is held for as long.
    last_direction_ = direction;
    last_change_ = now;
  }

  // In (0, 1].
  double weight() const { return kWeights[step_]; }

 private:
  static constexpr double kWeights[] = {1, 0.8, 0.5, 0.2};
  static constexpr int kLast = static_cast<int>(std::size(kWeights)) - 1;
  static constexpr absl::Duration kHoldDown = absl::Seconds(10);
  static constexpr absl::Duration kHoldUp = absl::Minutes(2);
  static constexpr absl::Duration kShortestTurn = absl::Minutes(1);

  int step_ = 0;
  int wanted_direction_ = 0;
  absl::Time since_ = absl::InfinitePast();
  int last_direction_ = 0;
  absl::Time last_change_ = absl::InfinitePast();
};

}  // namespace bitnet
