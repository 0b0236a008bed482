// Makes ctrl-C something the program can react to.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace bitnet {

// While one exists, SIGINT calls the action that is set then, on a thread of its own where any function may
// be called, unlike in a signal handler. Made before any other thread is started. Without an action the
// process ends with status 130.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();

  // Replaces the action; an empty one is none. When it returns, the earlier action is not running any more.
  void SetAction(std::function<void()> action);

 private:
  void Run();

  absl::Mutex mutex_;
  std::function<void()> action_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace bitnet
