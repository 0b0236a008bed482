#include "service/supervisor/worker_spec.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

// The cluster's CPUs come one per core first, then the siblings: a worker's share are cores, and siblings
// only if it is told to run more threads than that.
WorkerSpec ShareOfCluster(const CpuCluster& cluster, int share, int shares, int threads) {
  const int cores = std::max(1, cluster.num_cores);
  const int begin = share * cores / shares;
  const int end = std::max(begin + 1, (share + 1) * cores / shares);
  WorkerSpec spec;
  spec.cluster = cluster.name;
  spec.kind = cluster.kind;
  spec.threads = threads > 0 ? threads : end - begin;
  const std::vector<int>& cpus = cluster.cpus;
  if (shares == 1) {
    const size_t wanted = std::min(cpus.size(), static_cast<size_t>(spec.threads));
    spec.cpus.assign(cpus.begin(), cpus.begin() + static_cast<std::ptrdiff_t>(wanted));
  } else {
    for (size_t cpu = static_cast<size_t>(begin); cpu < std::min(cpus.size(), static_cast<size_t>(end));
         ++cpu) {
      spec.cpus.push_back(cpus[cpu]);
    }
  }
  return spec;
}

}  // namespace

std::vector<WorkerSpec> PlanWorkers(const std::vector<CpuCluster>& clusters, int num_models, int num_workers,
                                    int threads) {
  const int num_clusters = static_cast<int>(clusters.size());
  const int wanted = num_models * (num_workers > 0 ? num_workers : num_clusters);
  std::vector<WorkerSpec> specs;
  for (int worker = 0; worker < wanted; ++worker) {
    const int cluster = worker % num_clusters;
    const int shares = (wanted - cluster + num_clusters - 1) / num_clusters;
    specs.push_back(
        ShareOfCluster(clusters[static_cast<size_t>(cluster)], worker / num_clusters, shares, threads));
    specs.back().name = absl::StrCat("W", worker);
  }
  return specs;
}

}  // namespace bitnet
