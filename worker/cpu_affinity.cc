#include "worker/cpu_affinity.h"

#include <cerrno>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#ifdef __linux__
#include <sched.h>
#endif

namespace bitnet {
namespace {

constexpr int kMaxCpus = 1024;  // What glibc's cpu_set_t holds.

bool ParseCpu(const std::string& text, int* cpu) {
  return absl::SimpleAtoi(text, cpu) && *cpu >= 0 && *cpu < kMaxCpus;
}

}  // namespace

absl::StatusOr<std::vector<int>> ParseCpuList(const std::string& list) {
  std::vector<int> cpus;
  const std::vector<std::string> parts = absl::StrSplit(list, ',');
  for (const std::string& part : parts) {
    const std::vector<std::string> range = absl::StrSplit(part, '-');
    int first = 0;
    int last = 0;
    if (range.size() > 2 || !ParseCpu(range.front(), &first) || !ParseCpu(range.back(), &last) ||
        last < first) {
      return absl::InvalidArgumentError(absl::StrCat("CPU list \"", list, "\": \"", part,
                                                     "\" is neither a number below ", kMaxCpus,
                                                     " nor a range of them, as 0-3"));
    }
    for (int cpu = first; cpu <= last; ++cpu) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

absl::Status PinToCpus(std::span<const int> cpus) {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    return absl::ErrnoToStatus(errno, "cannot run on the given CPUs only");
  }
#else
  static_cast<void>(cpus);
#endif
  return absl::OkStatus();
}

}  // namespace bitnet
