// Charges generations with the joules of the steps that computed them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "base/sensors/energy_shares.h"

namespace bitnet {

// Joules since any moment, never falling; nothing while they cannot be told. Empty: nothing counts them.
using EnergyCounter = std::function<std::optional<double>()>;

// Reads the counter at the end of each step, and at the begin of one that comes after a pause. Allocates
// nothing.
class StepEnergy {
 public:
  using Clock = std::chrono::steady_clock;

  // Up to `max_sequences` in a step.
  StepEnergy(EnergyCounter counter, size_t max_sequences)
      : counter_(std::move(counter)), shares_(2 * max_sequences) {  // Preempted ones may wait for theirs.
    Read([this](double joules) { shares_.Idle(joules, absl::ZeroDuration()); });
  }

  void Begin() {
    begin_ = Clock::now();
    const absl::Duration pause = absl::FromChrono(begin_ - end_);
    if (pause >= kPause) {
      Read([&](double joules) { shares_.Idle(joules, pause); });
      end_ = begin_;  // There may be nothing to run, and no End.
    }
  }
  void AddTokens(EnergyAccount& account, size_t tokens) {
    if (counter_ != nullptr) shares_.AddTokens(account, tokens);
  }
  void End() {
    end_ = Clock::now();
    Read([this](double joules) { shares_.EndStep(joules, absl::FromChrono(end_ - begin_)); });
  }
  void Close(EnergyAccount& account) { shares_.Close(account); }

  // Nothing where nothing is counted.
  const EnergyShares* shares() const { return counter_ != nullptr ? &shares_ : nullptr; }

 private:
  // What the loop itself takes between two steps belongs to them.
  static constexpr absl::Duration kPause = absl::Milliseconds(1);

  template <typename Take>
  void Read(const Take& take) {
    if (counter_ == nullptr) return;
    if (const std::optional<double> joules = counter_()) take(*joules);
  }

  const EnergyCounter counter_;
  EnergyShares shares_;
  Clock::time_point begin_;
  Clock::time_point end_ = Clock::now();
};

}  // namespace bitnet
