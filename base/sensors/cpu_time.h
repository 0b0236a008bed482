// Processor time: this process's own, and that of all programs of the machine.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace bitnet {

// Of all threads of this process, since it began.
struct OwnCpuTime {
  absl::Duration total;
  // Of that, on performance cores; nothing where the system does not tell (macOS does).
  std::optional<absl::Duration> performance = {};
};
OwnCpuTime ReadOwnCpuTime();

// Of all programs and the kernel, on all CPUs, since the machine began; nothing while it cannot be told.
using BusyTimeReader = std::function<std::optional<absl::Duration>()>;

// Linux: <root>/proc/stat, which stays open. Null if there is none.
BusyTimeReader FindBusyTime(const std::string& root);

}  // namespace bitnet
