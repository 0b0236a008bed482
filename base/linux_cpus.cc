#include "base/linux_cpus.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bitnet {
namespace {

int64_t SpeedOf(const std::string& cpu_dir) {
  for (const char* file : {"/cpu_capacity", "/cpufreq/cpuinfo_max_freq"}) {
    int64_t value = 0;
    if (absl::SimpleAtoi(ReadFirstLine(cpu_dir + file).value_or(""), &value)) {
      return value;
    }
  }
  return 0;
}

}  // namespace

std::optional<std::string> ReadFirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    return std::nullopt;
  }
  absl::StripAsciiWhitespace(&line);
  return line;
}

std::vector<int> ParseLinuxCpuList(absl::string_view list) {
  std::vector<int> cpus;
  for (absl::string_view part : absl::StrSplit(list, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> range =
        absl::StrSplit(part, absl::MaxSplits('-', 1));
    int first = 0;
    int last = 0;
    if (!absl::SimpleAtoi(range.first, &first)) continue;
    if (!absl::SimpleAtoi(range.second, &last)) last = first;
    constexpr int kMostCpus = 1 << 16;  // Beyond any machine: a bound on what a strange file can make us do.
    for (int cpu = first; cpu <= last && cpu < kMostCpus; ++cpu) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

std::vector<LinuxCpu> ReadLinuxCpus(const std::string& root) {
  const std::string base = root + "/sys/devices/system/cpu";
  std::vector<LinuxCpu> cpus;
  for (int number : ParseLinuxCpuList(ReadFirstLine(base + "/online").value_or(""))) {
    const std::string dir = absl::StrCat(base, "/cpu", number);
    std::vector<int> siblings =
        ParseLinuxCpuList(ReadFirstLine(dir + "/topology/thread_siblings_list").value_or(""));
    if (std::ranges::find(siblings, number) == siblings.end()) {
      siblings = {number};
    }
    std::ranges::sort(siblings);
    cpus.push_back({number, std::move(siblings), SpeedOf(dir)});
  }
  return cpus;
}

}  // namespace bitnet
