// Which worker may run how many of the sequences that the machine may run at once.
#pragma once

#include <span>
#include <vector>

#include "base/topology.h"

namespace bitnet {

struct WorkerRoom {
  int capacity = 1;                    // Sequences that it can run at once; at least 1.
  CoreKind kind = CoreKind::kUnknown;  // Of its cores.
};

// One to each worker in any case, so that whatever waits in one gets its turn. The others first to workers on
// efficiency cores, where a token costs the fewest joules, then to the rest; to those of a kind in turn, to
// none more than its capacity.
std::vector<int> Allot(std::span<const WorkerRoom> workers, int sequences);

}  // namespace bitnet
