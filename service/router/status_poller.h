// Keeps the pool's knowledge of its workers fresh, and notices those that do not get on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/clock.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// Asks all ready workers for their status at once, and again after each interval, on a thread of its own.
// Tells them with it how many sequences they may begin.
class StatusPoller {
 public:
  struct Options {
    absl::Duration interval;
    LivenessLimits limits;
    // Called on the poller's thread. A worker is silent or stuck beyond the limits:
    std::function<void(WorkerLink& link, const std::string& why)> on_stalled;
    // A worker says that it is leaving:
    std::function<void(WorkerLink& link)> on_stopping;
    // After each round, with the time since the one before:
    std::function<void(absl::Duration elapsed)> on_round;
  };

  // Borrows `pool` and `clock`, which outlive it.
  StatusPoller(WorkerPool* pool, Options options, Clock* clock);
  ~StatusPoller();

 private:
  struct Poll;

  void Run();
  void AskAll(std::vector<std::unique_ptr<Poll>>& polls);
  void Judge(const Poll& poll, absl::Duration elapsed);

  WorkerPool* const pool_;
  const Options options_;
  Clock* const clock_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  size_t unanswered_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace bitnet
