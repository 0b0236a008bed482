// Linux: sensors from sysfs.
#include <chrono>
#include <iterator>
#include <utility>

#include "base/sensors/cpu_frequency.h"
#include "base/sensors/cpu_time.h"
#include "base/sensors/energy_share.h"
#include "base/sensors/hwmon.h"
#include "base/sensors/memory_stalls.h"
#include "base/sensors/powercap.h"
#include "base/sensors/sensors.h"
#include "base/sensors/thermal_zones.h"

namespace bitnet {
namespace {

absl::Duration SteadyTime() { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }

class LinuxHeatSensors final : public HeatSensors {
 public:
  explicit LinuxHeatSensors(const std::string& root) : hwmon_(root), zones_(root), cpus_(root) {}

  Heat Read() override {
    Heat heat = {.temperatures = hwmon_.Read(),
                 .throttle_events = cpus_.ReadThrottleEvents(),
                 .frequencies = cpus_.Read()};
    zones_.Read(heat);
    return heat;
  }

 private:
  const HwmonTemperatures hwmon_;
  const ThermalZones zones_;
  const CpuFrequencies cpus_;
};

// Of a counter of the chip, the share that is this process's, where the machine's busy time is told.
void AddShare(const std::string& root, EnergySources& sources) {
  if (sources.empty()) {
    return;
  }
  const EnergyLabel& best = sources.front()->label();
  BusyTimeReader busy = FindBusyTime(root);
  if (busy != nullptr && (best.scope == "package" || best.scope == "cpu")) {
    sources.insert(sources.begin(),
                   MakeEnergyShare(sources.front().get(), {.now = SteadyTime,
                                                           .own = [] { return ReadOwnCpuTime().total; },
                                                           .busy = std::move(busy)}));
  }
}

}  // namespace

Sensors FindSensors(const SensorOptions& options) {
  Sensors sensors = {.energy = {},
                     .heat = std::make_unique<LinuxHeatSensors>(options.root),
                     .memory = [root = options.root] { return ReadMemoryStalls(root); },
                     .problems = {}};
  sensors.energy = FindPowercap(options.root, sensors.problems);
  std::ranges::move(FindHwmonEnergy(options.root, SteadyTime, sensors.problems),
                    std::back_inserter(sensors.energy));
  SortByRank(sensors.energy);
  AddShare(options.root, sensors.energy);
  return sensors;
}

}  // namespace bitnet
