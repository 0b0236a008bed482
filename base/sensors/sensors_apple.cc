// macOS: sensors of processes, notifyd, IOReport and powermetrics.
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/sensors/apple/energy_model.h"
#include "base/sensors/apple/memory_level.h"
#include "base/sensors/apple/powermetrics_file.h"
#include "base/sensors/apple/process_energy.h"
#include "base/sensors/apple/thermal_level.h"
#include "base/sensors/sensors.h"

namespace bitnet {
namespace {

// Temperatures would need the SMC, whose keys differ from chip to chip; the pressure is what matters.
class AppleHeatSensors final : public HeatSensors {
 public:
  explicit AppleHeatSensors(std::shared_ptr<PowermetricsFile> powermetrics)
      : powermetrics_(std::move(powermetrics)) {}

  Heat Read() override {
    Heat heat = {.pressure = ReadDarwinPressure()};
    if (powermetrics_ == nullptr) {
      return heat;
    }
    if (std::optional<PowermetricsSample> sample = powermetrics_->last()) {
      heat.frequencies = std::move(sample->frequencies);
      if (!heat.pressure.has_value()) heat.pressure = sample->pressure;
    }
    return heat;
  }

 private:
  const std::shared_ptr<PowermetricsFile> powermetrics_;  // Null: there is none.
};

void Append(EnergySources sources, EnergySources& to) { std::ranges::move(sources, std::back_inserter(to)); }

}  // namespace

Sensors FindSensors(const SensorOptions& options) {
  std::shared_ptr<PowermetricsFile> powermetrics;
  Sensors sensors;
  sensors.energy.push_back(MakeProcessEnergySource([] { return ReadProcessEnergy(getpid()); }));
  Append(MakeEnergyModelSources(OpenEnergyModel()), sensors.energy);
  if (!options.powermetrics_file.empty()) {
    powermetrics = std::make_shared<PowermetricsFile>(options.powermetrics_file);
    Append(MakePowermetricsSources(powermetrics), sensors.energy);
  }
  sensors.memory = [reader = SystemSysctl()] { return ReadDarwinMemoryPressure(reader); };
  sensors.heat = std::make_unique<AppleHeatSensors>(std::move(powermetrics));
  SortByRank(sensors.energy);
  return sensors;
}

}  // namespace bitnet
