#include "service/timer_queue.h"

namespace bitnet {

TimerQueue::TimerQueue(Clock* clock) : clock_(clock), thread_([this] { Run(); }) {}

TimerQueue::~TimerQueue() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void TimerQueue::Set(std::shared_ptr<Sleeper> sleeper, absl::Time at) {
  const absl::MutexLock lock(&mutex_);
  const Sleeper* const key = sleeper.get();
  if (const auto old = entries_.find(key); old != entries_.end()) {
    by_time_.erase({old->second.at, key});
  }
  entries_[key] = {std::move(sleeper), at};
  by_time_.insert({at, key});
  earlier_ = earlier_ || by_time_.begin()->second == key;
}

void TimerQueue::Remove(const Sleeper* sleeper) {
  std::shared_ptr<Sleeper> removed;  // Goes after the lock.
  const absl::MutexLock lock(&mutex_);
  if (const auto at = entries_.find(sleeper); at != entries_.end()) {
    removed = std::move(at->second.sleeper);
    by_time_.erase({at->second.at, sleeper});
    entries_.erase(at);
  }
}

void TimerQueue::Run() {
  for (;;) {
    std::shared_ptr<Sleeper> due;
    {
      const absl::MutexLock lock(&mutex_);
      const absl::Time next = by_time_.empty() ? absl::InfiniteFuture() : by_time_.begin()->first;
      clock_->AwaitUntil(
          mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return earlier_ || stopping_; }, next);
      if (stopping_) {
        return;
      }
      earlier_ = false;
      if (by_time_.empty() || by_time_.begin()->first > clock_->Now()) {
        continue;
      }
      const auto entry = entries_.find(by_time_.begin()->second);
      due = std::move(entry->second.sleeper);
      by_time_.erase(by_time_.begin());
      entries_.erase(entry);
    }
    due->OnTimer();
  }
}

}  // namespace bitnet
