// Linux: sysfs, the affinity in /proc, and cgroups.
#include <fstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/linux_cpu_quota.h"
#include "base/linux_cpus.h"
#include "engine/threads/default_threads.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {
namespace {

// "Cpus_allowed_list:	0-3,8", of the calling thread, or of the process's first one where /proc has no more.
std::optional<std::vector<int>> ReadAffinity(const std::string& root) {
  for (const char* path : {"/proc/thread-self/status", "/proc/self/status"}) {
    std::ifstream status(root + path);
    for (std::string line; std::getline(status, line);) {
      absl::string_view list = line;
      if (absl::ConsumePrefix(&list, "Cpus_allowed_list:")) {
        return ParseLinuxCpuList(absl::StripAsciiWhitespace(list));
      }
    }
  }
  return std::nullopt;
}

}  // namespace

ThreadFacts ReadThreadFacts(const std::string& root) {
  return {.cpus = ReadLinuxCpus(root),
          .affinity = ReadAffinity(root),
          .quota = ReadLinuxCpuQuota(root),
          .usable_cpus = NumUsableCpus()};
}

}  // namespace bitnet
