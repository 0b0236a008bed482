// Apple's chips as sysctl describes them: kinds of cores, their clusters and caches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/apple/sysctl.h"
#include "base/topology.h"

namespace bitnet {

// Cores of one kind: a performance level.
struct CoreLevel {
  // "Performance" and "Efficiency"; "Standard" in a virtual machine; on M5 Pro and M5 Max "Super" and
  // "Performance". For people: what a level is, is its place among the levels.
  std::string name;
  int cores = 0;              // Physical ones, each with one thread.
  int cores_per_cluster = 0;  // That share a second-level cache.
  int64_t l1d_bytes = 0;      // Of a core; 0 where the system does not tell.
  int64_t l2_bytes = 0;       // Of a cluster; 0 likewise.
};

struct AppleChip {
  std::string name;                    // "Apple M4 Pro", "Apple M1 (Virtual)".
  std::string model;                   // Of the machine: "Mac16,10".
  std::vector<CoreLevel> levels = {};  // Fastest first. None on an Intel Mac.
  int cores = 1;                       // Of all levels.
  int64_t memory_bytes = 0;
  int64_t page_bytes = 0;
  bool translated = false;  // This process is a program for Intel, which Rosetta translates.
};

// What the system does not tell is 0, empty or false; a level of which the number of cores is not told ends
// the list.
AppleChip ReadAppleChip(const SysctlReader& reader);

// Cores of a level that share a second-level cache, fastest level first: "P0", "P1", … of the first level,
// "E0", … of further ones. Without CPU numbers, for threads cannot be pinned. Never empty: one cluster of
// unknown kind where there are no levels.
std::vector<CpuCluster> ClustersOf(const AppleChip& chip);

}  // namespace bitnet
