// What all counters of a machine have counted since a process began to look, and which of them tells best
// what the process takes.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/sensors/energy_source.h"

namespace bitnet {

// Used by one thread.
class EnergyMeter {
 public:
  // `sources` are in the order in which they are preferred for attribution (SortByRank).
  explicit EnergyMeter(EnergySources sources);

  struct Total {
    EnergyLabel label;
    double joules = 0;                 // Since the meter was made; never falls.
    std::optional<double> watts = {};  // Mean over the last interval; nothing before there is one.
  };
  // Of the counters that have ever told something, with what they told last. `now` is of any clock that only
  // goes forward. Intervals are a second at least: a counter that is updated every millisecond, or four times
  // a second, would give nonsense over shorter ones.
  std::vector<Total> Sample(absl::Duration now);

  // The counter that requests are charged by: the first that told something, and that one for good. Null:
  // there is none yet.
  const EnergyLabel* best() const { return best_.has_value() ? &meters_[*best_].total.label : nullptr; }
  // What it counts now, as in Total. Nothing if there is none. Reads no other.
  std::optional<double> ReadBest();

 private:
  struct Meter {
    std::unique_ptr<EnergySource> source;
    Total total;
    std::optional<double> first = {};  // What it told first.
    std::optional<absl::Duration> interval_begin = {};
    double joules_then = 0;
  };

  // Whether it has ever told something.
  static bool Read(Meter& meter);
  void ChooseBest();

  std::vector<Meter> meters_;
  std::optional<size_t> best_;
};

}  // namespace bitnet
