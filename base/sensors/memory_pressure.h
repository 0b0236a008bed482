// Whether a machine runs out of memory, as its system sees it.
#pragma once

#include <functional>
#include <optional>

namespace bitnet {

// macOS' own levels, which Linux' stalls are brought to (memory_stalls.h).
enum class MemoryPressure {
  kNormal,
  kWarning,   // Pages are dropped, compressed or written out, and programs wait for them.
  kCritical,  // Little else is done; the system is about to end programs.
};

// Nothing: the system does not tell.
using MemoryPressureReader = std::function<std::optional<MemoryPressure>()>;

}  // namespace bitnet
