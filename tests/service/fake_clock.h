// A clock that stands still until it is told to go on.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/clock.h"

namespace bitnet {

class FakeClock final : public Clock {
 public:
  absl::Time Now() override { return absl::FromUnixMillis(now_ms_); }

  bool AwaitUntil(absl::Mutex& mutex, const std::function<bool()>& done, absl::Time deadline) override {
    {
      const absl::MutexLock lock(&mutex_);
      waiting_.insert({deadline, &mutex});
    }
    const auto woken = [&] { return done() || Now() >= deadline; };
    mutex.Await(absl::Condition(&woken));
    const absl::MutexLock lock(&mutex_);
    waiting_.erase(waiting_.find({deadline, &mutex}));
    return done();
  }

  // Where nobody waits.
  void Advance(absl::Duration time) { now_ms_ += absl::ToInt64Milliseconds(time); }

  // Returns when someone waits for a time not later than `time` in the future, and lets it come.
  void AdvanceToWaiter(absl::Duration time) {
    std::set<absl::Mutex*> mutexes;
    {
      const absl::MutexLock lock(&mutex_);
      const auto someone = [&] { return !waiting_.empty() && waiting_.begin()->first <= Now() + time; };
      mutex_.Await(absl::Condition(&someone));
      now_ms_ += absl::ToInt64Milliseconds(time);
      for (const auto& waiter : waiting_) {
        mutexes.insert(waiter.second);
      }
    }
    for (absl::Mutex* mutex : mutexes) {  // Conditions are looked at when their mutex is released.
      mutex->Lock();
      mutex->Unlock();
    }
  }

 private:
  absl::Mutex mutex_;
  std::atomic<int64_t> now_ms_ = 1000000;  // Read within conditions, which take no lock.
  std::multiset<std::pair<absl::Time, absl::Mutex*>> waiting_;
};

}  // namespace bitnet
