// Who waits for a worker.
#pragma once

#include <list>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/clock.h"

namespace bitnet {

// Safe to share between threads.
class WorkerWaiters {
 public:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // Its turn has come, or its time is up. It no longer waits by then.
    virtual void OnWake() = 0;
  };

  // Borrows `clock`, which outlives it.
  explicit WorkerWaiters(Clock* clock);
  // Nobody waits any more by then.
  ~WorkerWaiters();

  // Has `waiter` woken, on a thread of ours, as soon as a worker is ready, but not before `after`; at `until`
  // in any case. Those who came first are woken first.
  void Add(std::shared_ptr<Waiter> waiter, absl::Time after, absl::Time until);
  // No effect if it does not wait.
  void Remove(const Waiter* waiter);
  // Whether any worker is ready; false at first.
  void SetReady(bool ready);

 private:
  struct Entry {
    std::shared_ptr<Waiter> waiter;
    absl::Time after;
    absl::Time until;
  };

  void Run();
  bool IsDue(const Entry& entry, absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time NextTime() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock* const clock_;
  absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
  bool changed_ ABSL_GUARDED_BY(mutex_) = false;  // Since the thread looked last.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bitnet
