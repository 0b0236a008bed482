// How busy this front and its workers have been in the last seconds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/router/worker_pool.h"

namespace bitnet {

struct LoadFigures {
  // Means of the last seconds, the later the weightier.
  double requests_per_second = 0;
  double errors_per_second = 0;
  double busy =
      0;  // Share of the time in which the workers computed, weighted by their threads; about in [0, 1].
  // As of the last sample.
  double kv_cache = 0;  // Share of the blocks in use, in [0, 1].
  int64_t running = 0;
  int64_t waiting = 0;  // For a slot in a worker.
};

// Safe to share between threads.
class LoadMeter {
 public:
  struct Reading {
    std::vector<WorkerPool::View> workers;
    uint64_t requests = 0;  // That have ended since the start,
    uint64_t errors = 0;    // and those among them that the server failed.
  };
  // What is now, `elapsed` after the sample before. The first one only sets the counters' beginnings.
  void Sample(const Reading& reading, absl::Duration elapsed);
  LoadFigures figures() const;

 private:
  double BusyShare(const Reading& reading, absl::Duration elapsed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  LoadFigures figures_ ABSL_GUARDED_BY(mutex_);
  bool sampled_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t requests_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t errors_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, double> step_seconds_ ABSL_GUARDED_BY(mutex_);  // By worker, as of the last sample.
};

}  // namespace bitnet
