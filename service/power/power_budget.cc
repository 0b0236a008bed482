#include "service/power/power_budget.h"

#include <algorithm>
#include <cmath>

namespace bitnet {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(10);
constexpr absl::Duration kTurn = absl::Minutes(1);
constexpr double kAim = 0.97;  // Of the ceiling, where it goes up: the rest is for what changes by itself.
constexpr double kAimBelow = 0.95;  // Where it goes down.
// Powers are means of a second, told twice a second.
constexpr absl::Duration kSettle = absl::Seconds(2);
// Answers that performance cores have begun stay there.
constexpr absl::Duration kShiftSettle = absl::Seconds(30);
// Work shall not go to and fro between the cores.
constexpr absl::Duration kUnshift = absl::Minutes(5);
constexpr absl::Duration kOld = absl::Minutes(15);
// Of the ceiling: what is tried may take so much. Performance cores take a few times more than efficiency
// cores, so there it is what the latter take.
constexpr double kTry = 1.05;
constexpr double kTryUnshift = 0.5;
constexpr double kLess = 0.05;  // Of the ceiling: so much less is no chance.
constexpr double kHalf = 0.5;   // Of a sequence: means are seldom whole.

}  // namespace

void PowerBudget::Observe(absl::Time now, const PowerLoad& load) {
  if (window_begin_ == absl::InfinitePast()) {
    window_begin_ = now;
  }
  if (now < window_begin_) {
    return;
  }
  sum_.watts += load.watts;
  sum_.running += load.running;
  sum_.waiting += load.waiting;
  ++samples_;
  if (now - window_begin_ < kWindow) {
    return;
  }
  PowerLoad mean = load;
  mean.watts = sum_.watts / samples_;
  mean.running = sum_.running / samples_;
  mean.waiting = sum_.waiting / samples_;
  Changed(now, absl::ZeroDuration());
  if (mean.running < kHalf) {
    return;  // Tells nothing of what sequences take.
  }
  Compare({.watts = mean.watts, .running = mean.running, .at = now});
  if (mean.watts > ceiling_) {
    if (now - last_up_ >= kTurn) {
      StepDown(now, mean);
    }
  } else if (now - last_down_ >= kTurn) {
    StepUp(now, mean);
  }
}

void PowerBudget::Compare(const Reading& reading) {
  if (!too_much_.has_value()) {
    return;
  }
  if (!after_.has_value()) {
    if (reading.running <= sequences_.value_or(0) + kHalf) {
      after_ = reading;
    }
  } else if (reading.running >= after_->running - kHalf && reading.watts < after_->watts - kLess * ceiling_) {
    too_much_.reset();
  }
}

void PowerBudget::StepDown(absl::Time now, const PowerLoad& mean) {
  const Reading reading = {.watts = mean.watts, .running = mean.running, .at = now};
  if (mean.can_shift && !shifted_) {
    shifted_ = true;
    before_shift_ = reading;
    last_down_ = now;
    Changed(now, kShiftSettle);
    return;
  }
  const int allowed = std::min(sequences_.value_or(mean.most), mean.most);
  const double fit = mean.running * kAimBelow * ceiling_ / mean.watts;
  const int fewer = static_cast<int>(std::ceil(mean.running)) - 1;
  const int lower = std::max(std::min(static_cast<int>(fit), fewer), mean.least);
  if (mean.running <= allowed + kHalf && lower < allowed) {
    sequences_ = lower;
    too_much_ = reading;
    after_.reset();
    last_down_ = now;
    Changed(now, kSettle);
  }
}

void PowerBudget::StepUp(absl::Time now, const PowerLoad& mean) {
  if (sequences_.has_value()) {
    const int allowed = std::max(*sequences_, mean.least);
    const bool is_bound = mean.waiting >= kHalf && std::abs(mean.running - allowed) <= kHalf;
    if (!is_bound || mean.watts + RiseOfOne(now, mean) > kAim * ceiling_) {
      return;
    }
    sequences_ = allowed + 1 < mean.most ? std::optional(allowed + 1) : std::nullopt;
  } else if (shifted_ && now - last_down_ >= kUnshift && WattsUnshifted(now, mean) <= kAim * ceiling_) {
    shifted_ = false;
  } else {
    return;
  }
  last_up_ = now;
  Changed(now, kSettle);
}

double PowerBudget::RiseOfOne(absl::Time now, const PowerLoad& mean) const {
  if (!too_much_.has_value()) {
    return 0;
  }
  // More than one more takes, as a rule: the first sequence wakes the machine, the last one has it awake.
  const double average = mean.watts / mean.running;
  if (too_much_->IsOld(now) && mean.watts + std::max(average, LastRise()) <= kTry * ceiling_) {
    return 0;
  }
  const double more = too_much_->running - mean.running;
  return more > 0 ? std::min(average, std::max(0.0, too_much_->watts - mean.watts) / more) : average;
}

double PowerBudget::LastRise() const {
  if (!after_.has_value() || too_much_->running <= after_->running) {
    return 0;
  }
  return (too_much_->watts - after_->watts) / (too_much_->running - after_->running);
}

double PowerBudget::WattsUnshifted(absl::Time now, const PowerLoad& mean) const {
  if (before_shift_->IsOld(now) && mean.watts <= kTryUnshift * ceiling_) {
    return mean.watts;
  }
  return std::max(mean.watts, before_shift_->watts * mean.running / before_shift_->running);
}

bool PowerBudget::Reading::IsOld(absl::Time now) const { return now - at > kOld; }

void PowerBudget::Changed(absl::Time now, absl::Duration settle) {
  window_begin_ = now + settle;
  sum_ = {};
  samples_ = 0;
}

}  // namespace bitnet
