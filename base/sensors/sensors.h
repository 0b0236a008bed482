// All sensors of this machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/sensors/energy_source.h"
#include "base/sensors/heat.h"
#include "base/sensors/memory_pressure.h"

namespace bitnet {

struct SensorOptions {
  // In front of /sys and /proc; for tests. Linux.
  std::string root = "";
  // Where root lets `powermetrics` write (apple/powermetrics_file.h); empty: nowhere.
  std::string powermetrics_file = "";
};

struct Sensors {
  // Best first (AttributionRank), and they may read each other; empty: nothing counts joules here.
  EnergySources energy;
  std::unique_ptr<HeatSensors> heat;  // Not null.
  MemoryPressureReader memory;        // Not null.
  std::vector<std::string> problems;  // What there is and cannot be read, and why, for the log.
};

// What there is once now is all there will be. Files stay open: it may be called before a sandbox is entered.
//
// Linux: powercap, hwmon, thermal zones, cpufreq, pressure stall information. macOS: the process's own
// energy, IOReport where the system lets it, powermetrics' file, the thermal pressure that notifyd keeps, the
// memory pressure of sysctl.
Sensors FindSensors(const SensorOptions& options);

}  // namespace bitnet
