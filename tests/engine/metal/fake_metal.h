// An Objective-C runtime in which Metal's classes are ours: what is dispatched runs in the emulator, so that
// the host's code runs on Linux as it would on a Mac. The methods have the types of Apple's headers, written
// here once more.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "engine/metal/objc_runtime.h"

namespace bitnet {

// What the next device is like, and what was done with it. There is one at a time.
struct FakeMetal {
  // Behaviour.
  bool has_device = true;
  bool has_math_mode = true;       // macOS 15.
  bool has_residency_sets = true;  // macOS 15.
  unsigned long simd_width = 32;
  unsigned long max_threads = 1024;
  unsigned long max_buffer_length = 1ul << 40;
  std::string compile_error;  // "": it compiles.
  std::string missing_function;
  std::string run_error;         // Of command buffers.
  std::string flipped_function;  // Whose results have a bit changed: the first of a buffer that it writes,
  size_t flipped_buffer = 0;     // the first such buffer, or a later one.
  int notify_at_residency = 0;   // The request by which `residency_requested` is notified.

  // What happened.
  std::string source;
  std::string math;  // "safe", or "not fast" in the manner of old systems.
  int num_command_buffers = 0;
  std::atomic<int> num_residency_requests = 0;  // Of any thread.
  int num_residency_allocations = 0;
  std::vector<std::string> dispatched;
  std::atomic<int> open_pools = 0;  // Of any thread.
  int live_objects = 0;             // That the caller owns, and has not released.
  absl::Notification residency_requested;
};

// The functions refer to `metal`, which outlives their use.
ObjcRuntime UseFakeMetal(FakeMetal* metal);

}  // namespace bitnet
