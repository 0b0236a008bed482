// How fast a worker reads prompts.
#pragma once

#include <cstdint>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace bitnet {

// Learns from the prompts it has read; the newest count most. Safe to share between threads.
class PrefillSpeed {
 public:
  // So many tokens of a prompt, without those that were cached, took this long.
  void Learn(uint32_t tokens, absl::Duration elapsed) {
    if (tokens < kFewest || elapsed <= absl::ZeroDuration()) {
      return;
    }
    const absl::MutexLock lock(&mutex_);
    tokens_ = kKept * tokens_ + tokens;
    seconds_ = kKept * seconds_ + absl::ToDoubleSeconds(elapsed);
  }
  // 0: not known yet.
  double tokens_per_second() const {
    const absl::MutexLock lock(&mutex_);
    return seconds_ > 0 ? tokens_ / seconds_ : 0;
  }

 private:
  // Of fewer most of the time is that of reading the weights, as it is for one: they would make long prompts
  // look slow.
  static constexpr uint32_t kFewest = 32;
  static constexpr double kKept = 0.7;

  mutable absl::Mutex mutex_;
  double tokens_ ABSL_GUARDED_BY(mutex_) = 0;
  double seconds_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace bitnet
