// Linux' hwmon: what drivers of boards and chips measure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/sensors/energy_source.h"
#include "base/sensors/heat.h"

namespace bitnet {

// Counters of joules (energy*_input, source "hwmon") under <root>/sys/class/hwmon, and powers
// (power*_average, or else power*_input, source "hwmon-power") summed over time (PowerIntegral), which are as
// good as they are often read. The scope is "cpu" or "system" where the driver's label says so, otherwise the
// label itself; those with the same scope are added. `clock` tells the time since any moment.
EnergySources FindHwmonEnergy(const std::string& root, std::function<absl::Duration()> clock,
                              std::vector<std::string>& problems);

// temp*_input of all chips, found once and read again and again.
class HwmonTemperatures {
 public:
  explicit HwmonTemperatures(const std::string& root);

  std::vector<Temperature> Read() const;

 private:
  struct Sensor {
    std::string name;
    std::string path;
  };
  std::vector<Sensor> sensors_;
};

}  // namespace bitnet
