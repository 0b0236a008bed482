// Who wants to be woken, and when.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/clock.h"

namespace bitnet {

// Safe to share between threads.
class TimerQueue {
 public:
  class Sleeper {
   public:
    virtual ~Sleeper() = default;
    // Its time has come, and it is no longer in the queue.
    virtual void OnTimer() = 0;
  };

  // Borrows `clock`, which outlives it.
  explicit TimerQueue(Clock* clock);
  // Nobody waits any more by then.
  ~TimerQueue();

  // Has `sleeper` woken at `at`, on a thread of ours, and not when it was to be woken before.
  void Set(std::shared_ptr<Sleeper> sleeper, absl::Time at);
  // It is not woken any more, unless it is being woken just now. No effect if it was not to be.
  void Remove(const Sleeper* sleeper);

 private:
  struct Entry {
    std::shared_ptr<Sleeper> sleeper;
    absl::Time at;
  };

  void Run();

  Clock* const clock_;
  absl::Mutex mutex_;
  std::map<const Sleeper*, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, const Sleeper*>> by_time_ ABSL_GUARDED_BY(mutex_);  // Of all entries.
  bool earlier_ ABSL_GUARDED_BY(mutex_) = false;  // The first entry has changed since the thread looked.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bitnet
