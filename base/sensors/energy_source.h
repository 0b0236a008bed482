// Where joules are counted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bitnet {

// What a counter counts: who tells, and of what.
struct EnergyLabel {
  std::string source;  // "powercap", "hwmon", "hwmon-power", "rusage", "ioreport", "powermetrics".
  // "process", "package", "core", "uncore", "dram", "psys", "cpu", "gpu", "ane", …; "package share" is what
  // of it is this process's (energy_share.h).
  std::string scope;

  bool operator==(const EnergyLabel&) const = default;
};

// One counter. Used by one thread.
class EnergySource {
 public:
  virtual ~EnergySource() = default;
  virtual const EnergyLabel& label() const = 0;
  // Since some moment in the past, never falling, however the hardware's register wraps. To be read more
  // often than that wraps, which is once a minute. Nothing: it cannot be told, now or ever; that is not zero.
  virtual std::optional<double> ReadJoules() = 0;
};

using EnergySources = std::vector<std::unique_ptr<EnergySource>>;

// How well a counter says what this process takes; the lowest is the best. One that counts the process alone
// comes before those of the whole chip, those before the whole machine, and any before a power that we
// integrate ourselves; parts of a chip (cores without their caches, memory alone) come last.
int AttributionRank(const EnergyLabel& label);

// Best first.
void SortByRank(EnergySources& sources);

}  // namespace bitnet
