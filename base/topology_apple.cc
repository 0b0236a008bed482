// Apple Silicon: performance levels from sysctl.
#include "base/apple/chip.h"
#include "base/topology.h"

namespace bitnet {

std::vector<CpuCluster> DiscoverClusters(const std::string& /*root*/) {
  return ClustersOf(ReadAppleChip(SystemSysctl()));
}

}  // namespace bitnet
