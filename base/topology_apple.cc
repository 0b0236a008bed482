// Apple Silicon: performance levels from sysctl.
#include <sys/sysctl.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/topology.h"

namespace bitnet {
namespace {

int SysctlInt(const std::string& name, int fallback) {
  int value = 0;
  size_t size = sizeof(value);
  return sysctlbyname(name.c_str(), &value, &size, nullptr, 0) == 0 ? value : fallback;
}

}  // namespace

// Levels count from the fastest; cpusperl2 is the size of one cluster of a level.
std::vector<CpuCluster> DiscoverClusters(const std::string& /*root*/) {
  std::vector<CpuCluster> clusters;
  const int levels = SysctlInt("hw.nperflevels", 0);
  for (int level = 0; level < levels; ++level) {
    const std::string prefix = absl::StrCat("hw.perflevel", level, ".");
    int left = SysctlInt(prefix + "physicalcpu", 0);
    const int per_cluster = std::max(1, SysctlInt(prefix + "cpusperl2", left));
    for (int number = 0; left > 0; ++number, left -= per_cluster) {
      clusters.push_back({.name = absl::StrCat(level == 0 ? "P" : "E", number),
                          .cpus = {},
                          .num_cores = std::min(left, per_cluster),
                          .kind = level == 0 ? CoreKind::kPerformance : CoreKind::kEfficiency});
    }
  }
  if (clusters.empty()) {
    clusters.push_back({.name = "P0", .cpus = {}, .num_cores = std::max(1, SysctlInt("hw.physicalcpu", 1))});
  }
  return clusters;
}

}  // namespace bitnet
