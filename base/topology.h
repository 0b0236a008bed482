// The machine's CPU clusters: groups of cores of one kind that share a cache.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

// kUnknown: the system does not tell.
enum class CoreKind { kUnknown, kPerformance, kEfficiency };

// "performance", "efficiency" or "unknown".
constexpr const char* CoreKindName(CoreKind kind) {
  switch (kind) {
    case CoreKind::kPerformance:
      return "performance";
    case CoreKind::kEfficiency:
      return "efficiency";
    default:
      return "unknown";
  }
}

struct CpuCluster {
  std::string name;       // "P0", "P1", …, "E0": performance or efficiency, numbered in the system's order.
  std::vector<int> cpus;  // Logical CPUs this process may use, one per physical core first, then the
                          // siblings. Linux numbers.
  int num_cores = 0;      // Physical cores among them.
  CoreKind kind = CoreKind::kUnknown;
};

// Clusters with at least one CPU that this process may run on (affinity respected), fastest first. On Linux
// from <root>/sys/devices/system/cpu: cores that share their last-level cache and have the same capacity
// form a cluster. `root` is "" outside tests. On macOS from sysctl's hw.perflevel*; cpus are empty there,
// since threads cannot be pinned. Never empty: where the system tells nothing, all CPUs are one cluster P0
// of unknown kind.
std::vector<CpuCluster> DiscoverClusters(const std::string& root = "");

}  // namespace bitnet
