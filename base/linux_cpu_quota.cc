#include "base/linux_cpu_quota.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/linux_cpus.h"

namespace bitnet {
namespace {

using Quota = std::optional<double>;

// "max" and -1 are no limits, and no numbers that count here.
Quota Ratio(absl::string_view quota, absl::string_view period) {
  int64_t time = 0;
  int64_t of = 0;
  if (absl::SimpleAtoi(quota, &time) && absl::SimpleAtoi(period, &of) && time > 0 && of > 0) {
    return static_cast<double>(time) / static_cast<double>(of);
  }
  return std::nullopt;
}

Quota Version2Quota(const std::string& dir) {
  const std::vector<std::string> fields =
      absl::StrSplit(ReadFirstLine(dir + "/cpu.max").value_or(""), ' ', absl::SkipEmpty());
  return fields.size() == 2 ? Ratio(fields[0], fields[1]) : std::nullopt;
}

Quota Version1Quota(const std::string& dir) {
  return Ratio(ReadFirstLine(dir + "/cpu.cfs_quota_us").value_or(""),
               ReadFirstLine(dir + "/cpu.cfs_period_us").value_or(""));
}

Quota Lower(Quota a, Quota b) { return a.has_value() && b.has_value() ? std::min(*a, *b) : a ? a : b; }

// Of a group and of all above it. In a container the path may be the host's, of which only the end, or
// nothing, is to be seen here: folders that are missing limit nothing.
Quota LowestQuota(const std::string& mount, std::string path, Quota (*quota_of)(const std::string& dir)) {
  Quota lowest;
  while (true) {
    lowest = Lower(lowest, quota_of(mount + path));
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) {
      return lowest;
    }
    path.resize(slash);
  }
}

}  // namespace

std::optional<double> ReadLinuxCpuQuota(const std::string& root) {
  const std::string mount = root + "/sys/fs/cgroup";
  Quota lowest;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    // Number, controllers, path; version 2 has no controllers here.
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) {
      continue;
    }
    // A namespace shows groups outside of it as "/..".
    const std::string path = absl::StrContains(fields[2], "..") ? "" : fields[2];
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (fields[1].empty()) {
      lowest = Lower(lowest, LowestQuota(mount, path, Version2Quota));
    } else if (std::ranges::find(controllers, "cpu") != controllers.end()) {
      lowest = Lower(lowest, LowestQuota(absl::StrCat(mount, "/", fields[1]), path, Version1Quota));
      if (fields[1] != "cpu") {
        lowest = Lower(lowest, LowestQuota(mount + "/cpu", path, Version1Quota));
      }
    }
  }
  return lowest;
}

}  // namespace bitnet
