// Apple Silicon: sysctl. Threads cannot be pinned there, and nothing limits their time.
#include <sys/sysctl.h>

#include <algorithm>
#include <string>

#include "engine/threads/default_threads.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {
namespace {

int SysctlInt(const char* name) {
  int value = 0;
  size_t size = sizeof(value);
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

std::string SysctlString(const char* name) {
  char value[256] = {};
  size_t size = sizeof(value) - 1;
  return sysctlbyname(name, value, &size, nullptr, 0) == 0 ? value : "";
}

}  // namespace

ThreadFacts ReadThreadFacts(const std::string& /*root*/) {
  // Level 0 is the fastest, whatever it is called. An Intel Mac has no levels.
  const int performance_cores = SysctlInt("hw.perflevel0.physicalcpu");
  return {.chip = SysctlString("machdep.cpu.brand_string"),
          .performance_cores = performance_cores,
          .efficiency_cores = std::max(0, SysctlInt("hw.physicalcpu") - performance_cores),
          .usable_cpus = NumUsableCpus()};
}

}  // namespace bitnet
