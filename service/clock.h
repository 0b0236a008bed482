// Time as the front's waiting parts see it, so that tests need not wait.
#pragma once

#include <functional>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace bitnet {

// Safe to share between threads.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;
  // Waits until `done` holds or `deadline` has come; returns what `done` said last. `mutex` is held by the
  // caller, guards what `done` reads, and is released while waiting.
  virtual bool AwaitUntil(absl::Mutex& mutex, const std::function<bool()>& done, absl::Time deadline) = 0;

  // The machine's clock; lives forever.
  static Clock* Real();
};

}  // namespace bitnet
