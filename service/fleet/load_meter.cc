#include "service/fleet/load_meter.h"

#include <cmath>

namespace bitnet {
namespace {

// Some polls, so that one long step does not look like idleness and then like too much work, and less than
// the ten seconds after which clients of weighted_round_robin believe what they are told.
constexpr absl::Duration kTimeConstant = absl::Seconds(5);

}  // namespace

void LoadMeter::Sample(const Reading& reading, absl::Duration elapsed) {
  const absl::MutexLock lock(&mutex_);
  const double busy = BusyShare(reading, elapsed);
  if (sampled_ && elapsed > absl::ZeroDuration()) {
    const double seconds = absl::ToDoubleSeconds(elapsed);
    const double weight = 1 - std::exp(-seconds / absl::ToDoubleSeconds(kTimeConstant));
    const auto smooth = [weight](double& mean, double value) { mean += weight * (value - mean); };
    smooth(figures_.requests_per_second, static_cast<double>(reading.requests - requests_) / seconds);
    smooth(figures_.errors_per_second, static_cast<double>(reading.errors - errors_) / seconds);
    smooth(figures_.busy, busy);
  }
  sampled_ = true;
  requests_ = reading.requests;
  errors_ = reading.errors;
  int64_t blocks = 0;
  int64_t blocks_free = 0;
  figures_.running = figures_.waiting = 0;
  for (const WorkerPool::View& worker : reading.workers) {
    if (worker.status.has_value()) {
      blocks += worker.status->kv_blocks();
      blocks_free += worker.status->kv_blocks_free();
      figures_.running += worker.status->running();
      figures_.waiting += worker.status->waiting();
    }
  }
  figures_.kv_cache =
      blocks > 0 ? static_cast<double>(blocks - blocks_free) / static_cast<double>(blocks) : 0;
}

double LoadMeter::BusyShare(const Reading& reading, absl::Duration elapsed) {
  double busy_threads = 0;
  double threads = 0;
  for (const WorkerPool::View& worker : reading.workers) {
    if (!worker.status.has_value()) {
      continue;
    }
    const auto [before, is_new] = step_seconds_.try_emplace(worker.name, worker.status->step_seconds_sum());
    const double sum = worker.status->step_seconds_sum();
    // A process that was started again counts from zero.
    const double computed = is_new ? 0 : sum < before->second ? sum : sum - before->second;
    before->second = sum;
    threads += worker.status->threads();
    busy_threads += computed * worker.status->threads();
  }
  return threads > 0 && elapsed > absl::ZeroDuration()
             ? busy_threads / threads / absl::ToDoubleSeconds(elapsed)
             : 0;
}

LoadFigures LoadMeter::figures() const {
  const absl::MutexLock lock(&mutex_);
  return figures_;
}

}  // namespace bitnet
