#include "service/power/power_cap.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/power/allotment.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

PowerLoad LoadOf(std::span<const WorkerPool::View> workers, double watts) {
  PowerLoad load = {.watts = watts, .least = static_cast<int>(workers.size()), .most = 0};
  bool performance = false;
  bool efficiency = false;
  for (const WorkerPool::View& worker : workers) {
    if (worker.status.has_value()) {
      load.running += worker.status->running();
      load.waiting += worker.status->waiting();
      load.most += static_cast<int>(worker.status->max_sequences());
      performance |= worker.kind == CoreKind::kPerformance;
      efficiency |= worker.kind == CoreKind::kEfficiency;
    }
  }
  load.most = std::max(load.most, load.least);
  load.can_shift = performance && efficiency;
  return load;
}

std::vector<WorkerAllowance> Allowances(std::span<const WorkerPool::View> workers,
                                        const PowerBudget& budget) {
  std::vector<WorkerAllowance> allowances(workers.size());
  std::vector<WorkerRoom> rooms;
  for (size_t i = 0; i < workers.size(); ++i) {
    if (workers[i].kind == CoreKind::kPerformance) {
      allowances[i].weight = budget.performance_weight();
    }
    const auto& status = workers[i].status;
    // One that has not told what it can begins with one.
    rooms.push_back({.capacity = status.has_value() ? static_cast<int>(status->max_sequences()) : 1,
                     .kind = workers[i].kind});
  }
  if (budget.sequences().has_value()) {
    const std::vector<int> allotted = Allot(rooms, *budget.sequences());
    for (size_t i = 0; i < workers.size(); ++i) {
      allowances[i].sequences = allotted[i];
    }
  }
  return allowances;
}

}  // namespace

absl::Status CheckPowerIsMeasured(const SensorOptions& options) {
  Sensors sensors = FindSensors(options);
  const auto tells = [](const std::unique_ptr<EnergySource>& source) {
    return source->ReadJoules().has_value();
  };
  if (std::ranges::any_of(sensors.energy, tells)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "--power-cap-watts: nothing tells what this machine takes; looked for powercap (RAPL) and hwmon on "
      "Linux, for rusage, IOReport and --powermetrics-file on macOS",
      sensors.problems.empty() ? "" : "; found ", absl::StrJoin(sensors.problems, "; ")));
}

std::vector<WorkerAllowance> PowerCap::Sample(std::span<const WorkerPool::View> workers,
                                              absl::Duration elapsed) {
  const absl::MutexLock lock(&mutex_);
  time_ += elapsed;
  measured_ = MeasurePower(workers);
  if (measured_.has_value()) {
    const PowerLoad load = LoadOf(workers, measured_->watts);
    const PowerBudget before = budget_;
    budget_.Observe(absl::UnixEpoch() + time_, load);
    if (budget_.sequences() != before.sequences() ||
        budget_.performance_weight() != before.performance_weight()) {
      LogChange(*measured_, load);
    }
  }
  return Allowances(workers, budget_);
}

void PowerCap::LogChange(const MeasuredPower& power, const PowerLoad& load) const {
  spdlog::info(
      "power: {:.1f} W ({} {}) of {:g} W with {:g} requests running: {} at once from now on, {:g} of "
      "their usual work for performance cores",
      power.watts, power.label.source, power.label.scope, ceiling_, load.running,
      budget_.sequences().value_or(load.most), budget_.performance_weight());
}

std::optional<MeasuredPower> PowerCap::measured() const {
  const absl::MutexLock lock(&mutex_);
  return measured_;
}

}  // namespace bitnet
