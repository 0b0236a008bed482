// Linux' cpufreq and the processor's count of thermal throttling.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sensors/heat.h"

namespace bitnet {

// Of the CPUs under <root>/sys/devices/system/cpu that are online and tell it, found once and read again and
// again.
class CpuFrequencies {
 public:
  explicit CpuFrequencies(const std::string& root);

  std::vector<CpuFrequency> Read() const;
  // How often a core was slowed down for its heat since the machine started, summed over physical cores;
  // nothing where the kernel does not count it (it does on Intel's).
  std::optional<uint64_t> ReadThrottleEvents() const;

 private:
  struct Cpu {
    std::string name;
    std::string path;                 // Of its frequency.
    std::optional<double> max_hertz;  // At best.
  };
  std::vector<Cpu> cpus_;
  std::vector<std::string> throttle_paths_;  // One for each physical core: its siblings show the same.
};

}  // namespace bitnet
