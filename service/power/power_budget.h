// How much may be computed at once, so that a machine stays below an operator's ceiling of watts.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace bitnet {

// What a machine takes and does.
struct PowerLoad {
  double watts = 0;        // Over about the last second.
  double running = 0;      // Sequences that its workers run,
  double waiting = 0;      // and those that wait in them for a place.
  int least = 1;           // Sequences that are allowed whatever they take: one for each worker.
  int most = 1;            // What the workers could run at once.
  bool can_shift = false;  // There are workers on performance cores and on efficiency cores.
};

// Two things bring power down: performance cores that get less of the work (performance_weight), as far as
// there are efficiency cores to do it; then fewer sequences at once. In the other direction they come back in
// the other order.
//
// It goes by means of ten seconds. Above the ceiling it goes down: first in proportion, by what sequences
// take on average, which is never too far, since a machine takes power without any; then one by one. What
// runs is left to run, so where more runs than may, it waits for that. Below, and where somebody waits for a
// place and all are taken, it allows one more at a time, if that is expected to stay below. What one more
// takes is told by what was too much the last time. That may have been another program's doing: it is
// forgotten when as many sequences take less than they did after the step, and tried again after a quarter of
// an hour if that can exceed the ceiling by a twentieth only.
//
// No two steps in opposite directions are closer than a minute. No answer is ended for the ceiling, and
// `least` sequences are always allowed: a ceiling below what these take is not held.
class PowerBudget {
 public:
  explicit PowerBudget(double ceiling_watts) : ceiling_(ceiling_watts) {}

  // `now` only goes forward.
  void Observe(absl::Time now, const PowerLoad& load);

  // Nothing: as many as the workers can.
  std::optional<int> sequences() const { return sequences_; }
  // Of the usual share of work that performance cores get, in (0, 1].
  double performance_weight() const { return shifted_ ? kShiftedWeight : 1; }

 private:
  // On efficiency cores, work counts twice and takes two to four times as long (route.h): at a sixteenth,
  // performance cores get it only once those are far behind.
  static constexpr double kShiftedWeight = 0.0625;

  // Means at a moment.
  struct Reading {
    double watts = 0;
    double running = 0;
    absl::Time at = absl::InfinitePast();

    bool IsOld(absl::Time now) const;
  };

  void StepDown(absl::Time now, const PowerLoad& mean);
  void StepUp(absl::Time now, const PowerLoad& mean);
  // Forgets what was too much if that is not so any more.
  void Compare(const Reading& now);
  // Watts that one sequence more is expected to take.
  double RiseOfOne(absl::Time now, const PowerLoad& mean) const;
  // That one more took between what was left after the last step down and what was too much.
  double LastRise() const;
  // Watts that are expected with the performance cores' usual share.
  double WattsUnshifted(absl::Time now, const PowerLoad& mean) const;
  // Nothing is looked at until a change has had so much time to show.
  void Changed(absl::Time now, absl::Duration settle);

  const double ceiling_;
  bool shifted_ = false;
  std::optional<int> sequences_;
  absl::Time last_up_ = absl::InfinitePast();
  absl::Time last_down_ = absl::InfinitePast();
  std::optional<Reading> too_much_;      // That led to fewer sequences last,
  std::optional<Reading> after_;         // and what was left.
  std::optional<Reading> before_shift_;  // That led to fewer work for performance cores last.
  // Sums since the begin of the window, which is in the future while a change settles.
  absl::Time window_begin_ = absl::InfinitePast();
  PowerLoad sum_;
  int samples_ = 0;
};

}  // namespace bitnet
