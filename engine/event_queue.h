// Brings a generation's events from the engine's thread to another.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace bitnet {

// A reader may take its time, which a sink must not. Unbounded: an answer fits the context. Safe to use from
// several threads.
template <typename Event>
class EventQueue {
 public:
  // Waits until a thread that pushes has left.
  ~EventQueue() { absl::MutexLock lock(&mutex_); }

  void Push(Event event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
  }
  // Waits for the next event; nothing if none came in time.
  std::optional<Event> Pop(absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithTimeout(absl::Condition(this, &EventQueue::HasEvent), timeout)) {
      return std::nullopt;
    }
    std::optional<Event> event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  bool HasEvent() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !events_.empty(); }

  absl::Mutex mutex_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
