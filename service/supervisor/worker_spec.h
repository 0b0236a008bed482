// Which workers a machine gets.
#pragma once

#include <string>
#include <vector>

#include "base/topology.h"

namespace bitnet {

struct WorkerSpec {
  std::string name;                    // "W0", "W1", …: what metrics, logs and messages call it.
  std::string cluster;                 // The core cluster it runs on, "P0".
  CoreKind kind = CoreKind::kUnknown;  // Of that cluster's cores.
  int threads = 1;
  std::vector<int> cpus = {};  // To which its threads are pinned; empty: not pinned.
};

// `num_workers` workers for each of `num_models` models (0: one per cluster), all those of the first model
// first, dealt to the clusters in turn, fastest first. The workers of one cluster, of whichever model, share
// its cores out between them, and where there are fewer cores than workers, cores are used twice. `threads`
// (0: its share of cores) holds for each worker.
std::vector<WorkerSpec> PlanWorkers(const std::vector<CpuCluster>& clusters, int num_models, int num_workers,
                                    int threads);

}  // namespace bitnet
