// What the worker knows of the machine's energy and heat.
#pragma once

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/sensors/energy_meter.h"
#include "base/sensors/sensors.h"
#include "proto/bitnet/worker/v1/worker.pb.h"

namespace bitnet {

// Safe to share: the engine's thread asks for joules while an rpc asks for everything.
class WorkerSensors {
 public:
  explicit WorkerSensors(Sensors sensors);

  // The counter by which answers are charged; null if there is none when the worker starts.
  const EnergyLabel* energy_label() const { return label_.has_value() ? &*label_ : nullptr; }
  // What it has counted.
  std::optional<double> ReadEnergy();

  // `now` is of a clock that only goes forward.
  void FillIn(worker::v1::WorkerStatus& status, absl::Duration now);

 private:
  absl::Mutex energy_mutex_;
  EnergyMeter meter_ ABSL_GUARDED_BY(energy_mutex_);
  // Of its own: heat is many files, and no step of the engine is to wait for them.
  absl::Mutex heat_mutex_;
  const std::unique_ptr<HeatSensors> heat_ ABSL_PT_GUARDED_BY(heat_mutex_);
  const MemoryPressureReader memory_;
  std::optional<EnergyLabel> label_;  // Set by the constructor.
};

}  // namespace bitnet
