// Linux: sensors from sysfs.
#include <chrono>
#include <iterator>
#include <utility>

#include "base/sensors/cpu_frequency.h"
#include "base/sensors/hwmon.h"
#include "base/sensors/powercap.h"
#include "base/sensors/sensors.h"
#include "base/sensors/thermal_zones.h"

namespace bitnet {
namespace {

absl::Duration SteadyTime() { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }

class LinuxHeatSensors final : public HeatSensors {
 public:
  explicit LinuxHeatSensors(std::string root) : root_(std::move(root)) {}

  Heat Read() override {
    Heat heat = {.temperatures = ReadHwmonTemperatures(root_),
                 .pressure = ReadZonePressure(root_),
                 .throttle_events = ReadThrottleEvents(root_),
                 .frequencies = ReadCpuFrequencies(root_)};
    std::ranges::move(ReadZoneTemperatures(root_), std::back_inserter(heat.temperatures));
    return heat;
  }

 private:
  const std::string root_;
};

}  // namespace

Sensors FindSensors(const SensorOptions& options) {
  Sensors sensors = {.energy = {}, .heat = std::make_unique<LinuxHeatSensors>(options.root), .problems = {}};
  sensors.energy = FindPowercap(options.root, sensors.problems);
  std::ranges::move(FindHwmonEnergy(options.root, SteadyTime, sensors.problems),
                    std::back_inserter(sensors.energy));
  SortByRank(sensors.energy);
  return sensors;
}

}  // namespace bitnet
