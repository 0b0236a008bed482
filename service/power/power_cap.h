// Keeps an operator's ceiling of watts: what is measured, what follows from it, and who is told.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/sensors/sensors.h"
#include "service/power/power_budget.h"
#include "service/power/power_meter.h"
#include "service/router/worker_allowance.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// FAILED_PRECONDITION if no counter tells what this machine takes, with what was looked for: a ceiling that
// nobody measures is none.
absl::Status CheckPowerIsMeasured(const SensorOptions& sensors);

// Safe to share between threads.
class PowerCap {
 public:
  explicit PowerCap(double ceiling_watts) : ceiling_(ceiling_watts), budget_(ceiling_watts) {}

  // Looks at all workers of the machine, `elapsed` after it did so before. What each of them may do from now
  // on, in the same order. While nothing is measured, what was allowed last stays.
  std::vector<WorkerAllowance> Sample(std::span<const WorkerPool::View> workers, absl::Duration elapsed);

  double ceiling_watts() const { return ceiling_; }
  std::optional<MeasuredPower> measured() const;  // As of the last sample.

 private:
  void LogChange(const MeasuredPower& power, const PowerLoad& load) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const double ceiling_;
  mutable absl::Mutex mutex_;
  absl::Duration time_ ABSL_GUARDED_BY(mutex_);  // Since the first sample.
  PowerBudget budget_ ABSL_GUARDED_BY(mutex_);
  std::optional<MeasuredPower> measured_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
