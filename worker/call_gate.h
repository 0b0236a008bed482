// Lets calls in until the worker is asked to stop, and tells when the last one has left.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace bitnet {

// Safe to share between threads.
class CallGate {
 public:
  CallGate() = default;
  CallGate(const CallGate&) = delete;
  CallGate& operator=(const CallGate&) = delete;
  ~CallGate();  // Waits until all have left.

  // Counts a call in; Leave() must follow in any case. False: it is to be turned away.
  [[nodiscard]] bool Enter();
  void Leave();

  // Turns away who comes from now on. The second time, AwaitEmpty() waits no longer either.
  void RequestStop();
  bool stop_requested() const;
  void AwaitStopRequest();
  // Returns when all have left (true), at `deadline`, or when RequestStop() is repeated.
  bool AwaitEmpty(absl::Time deadline);

 private:
  mutable absl::Mutex mutex_;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int stop_requests_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace bitnet
