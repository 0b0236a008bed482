// Keeps what the GPU uses in memory between steps.
#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/metal/metal_interfaces.h"

namespace bitnet {

// The system takes pages from the GPU that it has not used for about a second, and the first token afterwards
// waits for them (llama.cpp pull request 17766). Asking again before that keeps them, for as long as someone
// may come back.
struct ResidencyOptions {
  absl::Duration interval = absl::Milliseconds(500);
  absl::Duration keep_warm = absl::Minutes(3);  // After the last step.
};

// A residency set of all buffers, and a thread that asks for it. Where there are no such sets (before macOS
// 15) there is nothing to do. Methods are for one thread.
class ResidencyKeeper {
 public:
  ResidencyKeeper(const ObjcRuntime& runtime, const ResidencyOptions& options)
      : runtime_(runtime), options_(options) {}
  ~ResidencyKeeper() { Stop(); }

  // INTERNAL says what Metal says.
  absl::Status Start(const MtlDevice& device, const MtlCommandQueue& queue);
  void Stop();

  void Add(const MtlBuffer& buffer);
  // A step begins.
  void Touch();

 private:
  void Loop();

  const ObjcRuntime& runtime_;
  const ResidencyOptions options_;
  MtlResidencySet set_;  // Null: none.
  absl::Mutex mutex_;
  absl::Time last_step_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bitnet
