// Keeps the pool's knowledge of its workers fresh.
#pragma once

#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/clock.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// Asks every ready worker for its status, once in each interval, on a thread of its own.
class StatusPoller {
 public:
  // Borrows `pool` and `clock`, which outlive it.
  StatusPoller(WorkerPool* pool, absl::Duration interval, Clock* clock);
  ~StatusPoller();

 private:
  void Run();

  WorkerPool* const pool_;
  const absl::Duration interval_;
  Clock* const clock_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bitnet
