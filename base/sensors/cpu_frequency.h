// Linux' cpufreq and the processor's count of thermal throttling.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sensors/heat.h"

namespace bitnet {

// Of the CPUs under <root>/sys/devices/system/cpu that are online and tell it.
std::vector<CpuFrequency> ReadCpuFrequencies(const std::string& root);

// How often a core was slowed down for its heat since the machine started, summed over physical cores;
// nothing where the kernel does not count it (it does on Intel's).
std::optional<uint64_t> ReadThrottleEvents(const std::string& root);

}  // namespace bitnet
