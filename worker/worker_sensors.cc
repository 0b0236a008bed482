#include "worker/worker_sensors.h"

#include <utility>

namespace bitnet {
namespace {

worker::v1::ThermalPressure ToMessage(ThermalPressure pressure) {
  switch (pressure) {
    case ThermalPressure::kNominal:
      return worker::v1::THERMAL_PRESSURE_NOMINAL;
    case ThermalPressure::kFair:
      return worker::v1::THERMAL_PRESSURE_FAIR;
    case ThermalPressure::kSerious:
      return worker::v1::THERMAL_PRESSURE_SERIOUS;
    case ThermalPressure::kCritical:
      return worker::v1::THERMAL_PRESSURE_CRITICAL;
  }
  return worker::v1::THERMAL_PRESSURE_UNSPECIFIED;
}

worker::v1::MemoryPressure ToMessage(MemoryPressure pressure) {
  switch (pressure) {
    case MemoryPressure::kNormal:
      return worker::v1::MEMORY_PRESSURE_NORMAL;
    case MemoryPressure::kWarning:
      return worker::v1::MEMORY_PRESSURE_WARNING;
    case MemoryPressure::kCritical:
      return worker::v1::MEMORY_PRESSURE_CRITICAL;
  }
  return worker::v1::MEMORY_PRESSURE_UNSPECIFIED;
}

void FillInEnergy(const std::vector<EnergyMeter::Total>& totals, worker::v1::WorkerStatus& status) {
  for (const EnergyMeter::Total& total : totals) {
    worker::v1::EnergyTotal& added = *status.add_energy();
    added.mutable_energy()->set_source(total.label.source);
    added.mutable_energy()->set_scope(total.label.scope);
    added.mutable_energy()->set_joules(total.joules);
    if (total.watts.has_value()) {
      added.set_watts(*total.watts);
    }
  }
}

void FillInHeat(const Heat& heat, worker::v1::WorkerStatus& status) {
  for (const Temperature& temperature : heat.temperatures) {
    worker::v1::Temperature& added = *status.add_temperatures();
    added.set_sensor(temperature.sensor);
    added.set_celsius(temperature.celsius);
  }
  if (heat.pressure.has_value()) {
    status.set_thermal_pressure(ToMessage(*heat.pressure));
  }
  if (heat.throttle_events.has_value()) {
    status.set_throttle_events(*heat.throttle_events);
  }
  for (const CpuFrequency& frequency : heat.frequencies) {
    worker::v1::CpuFrequency& added = *status.add_frequencies();
    added.set_cpu(frequency.cpu);
    added.set_hertz(frequency.hertz);
    if (frequency.max_hertz.has_value()) {
      added.set_max_hertz(*frequency.max_hertz);
    }
  }
}

}  // namespace

WorkerSensors::WorkerSensors(Sensors sensors)
    : meter_(std::move(sensors.energy)), heat_(std::move(sensors.heat)), memory_(std::move(sensors.memory)) {
  const absl::MutexLock lock(&energy_mutex_);
  if (const EnergyLabel* best = meter_.best()) {
    label_ = *best;
  }
}

std::optional<double> WorkerSensors::ReadEnergy() {
  const absl::MutexLock lock(&energy_mutex_);
  return meter_.ReadBest();
}

void WorkerSensors::FillIn(worker::v1::WorkerStatus& status, absl::Duration now) {
  {
    const absl::MutexLock lock(&energy_mutex_);
    FillInEnergy(meter_.Sample(now), status);
  }
  if (const std::optional<MemoryPressure> pressure = memory_()) {
    status.set_memory_pressure(ToMessage(*pressure));
  }
  const absl::MutexLock lock(&heat_mutex_);
  FillInHeat(heat_->Read(), status);
}

}  // namespace bitnet
