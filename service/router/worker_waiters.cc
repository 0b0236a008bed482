#include "service/router/worker_waiters.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace bitnet {

WorkerWaiters::WorkerWaiters(Clock* clock) : clock_(clock), thread_([this] { Run(); }) {}

WorkerWaiters::~WorkerWaiters() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void WorkerWaiters::Add(std::shared_ptr<Waiter> waiter, absl::Time after, absl::Time until) {
  const absl::MutexLock lock(&mutex_);
  entries_.push_back({std::move(waiter), after, until});
  changed_ = true;
}

void WorkerWaiters::Remove(const Waiter* waiter) {
  std::shared_ptr<Waiter> removed;  // Goes after the lock.
  const absl::MutexLock lock(&mutex_);
  const auto at = std::ranges::find(entries_, waiter, [](const Entry& entry) { return entry.waiter.get(); });
  if (at != entries_.end()) {
    removed = std::move(at->waiter);
    entries_.erase(at);
  }
}

void WorkerWaiters::SetReady(bool ready) {
  const absl::MutexLock lock(&mutex_);
  ready_ = ready;
  changed_ = true;
}

bool WorkerWaiters::IsDue(const Entry& entry, absl::Time now) const {
  return now >= entry.until || (ready_ && now >= entry.after);
}

absl::Time WorkerWaiters::NextTime() const {
  absl::Time next = absl::InfiniteFuture();
  for (const Entry& entry : entries_) {
    next = std::min(next, ready_ ? std::min(entry.after, entry.until) : entry.until);
  }
  return next;
}

void WorkerWaiters::Run() {
  for (;;) {
    std::vector<std::shared_ptr<Waiter>> due;
    {
      const absl::MutexLock lock(&mutex_);
      clock_->AwaitUntil(
          mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return changed_ || stopping_; }, NextTime());
      if (stopping_) {
        return;
      }
      changed_ = false;
      const absl::Time now = clock_->Now();
      for (auto entry = entries_.begin(); entry != entries_.end();) {
        if (IsDue(*entry, now)) {
          due.push_back(std::move(entry->waiter));
          entry = entries_.erase(entry);
        } else {
          ++entry;
        }
      }
    }
    for (const std::shared_ptr<Waiter>& waiter : due) {
      waiter->OnWake();
    }
  }
}

}  // namespace bitnet
