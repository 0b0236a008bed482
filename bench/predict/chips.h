// Chips of Apple, as far as speed depends on them.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace bitnet {

struct MacChip {
  const char* name;       // "M4 Pro"
  int performance_cores;  // Of the largest configuration.
  int gpu_cores;          // Likewise.
  double bandwidth;       // Bytes per second, as Apple publishes it.
  // What the CPU reaches of it: as reported where so, else the less of 80 % and 110 GB/s.
  double cpu_bandwidth;
  double gpu_hertz;
  double cpu_core_int8_macs;  // Multiply-adds a second of one performance core, when all are at work.
};

std::span<const MacChip> KnownMacChips();
// INVALID_ARGUMENT lists the names there are.
absl::StatusOr<MacChip> FindChip(std::string_view name);

}  // namespace bitnet
