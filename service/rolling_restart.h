// Starts all workers again, one after the other, without losing an answer.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// In place: a worker gives its requests to the others, leaves, and is back before the next one goes. A new
// process beside the old one would spare the answers a pause, and would need the memory of one more worker,
// which a machine that was fitted with as many as it holds does not have. Safe to share between threads.
class RollingRestart {
 public:
  // What is done to the process at a link that the pool has told of.
  struct Actions {
    std::function<void(WorkerLink& link)> retire;         // Takes its requests away from it.
    std::function<void(const WorkerLink& link)> restart;  // Lets it go, and starts another one.
    std::function<void(const WorkerLink& link, const std::string& why)> kill;
  };

  // Borrows `pool`, which outlives it.
  RollingRestart(WorkerPool* pool, Actions actions);
  // As Cancel.
  ~RollingRestart();

  // Restarts those that are ready now, and returns when each has come back; others are on their way anyway.
  // FAILED_PRECONDITION: one is under way; UNAVAILABLE: a worker did not come back, and those after it were
  // left alone; CANCELLED.
  absl::Status Run();
  // The same on a thread; the log tells what became of it.
  void Start();
  // Ends Run and Start early, now and for ever.
  void Cancel();

 private:
  absl::Status Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status RestartAll();
  absl::Status RestartOne(WorkerLink& link);

  WorkerPool* const pool_;
  const Actions actions_;
  absl::Mutex mutex_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
