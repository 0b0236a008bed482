#include "bench/machine/memory.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace bitnet {

std::optional<uint64_t> PeakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    uint64_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib << 10;
  }
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
#if defined(__APPLE__)
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) << 10;
#endif
}

void ResetPeakMemory() {
  // "5" resets VmHWM (proc(5)); elsewhere there is no such file.
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace bitnet
