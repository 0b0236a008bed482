// Keeps a worker on its cluster's CPUs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bitnet {

// "0-3,8" is {0, 1, 2, 3, 8}, as Linux writes it. INVALID_ARGUMENT shows the part that is wrong.
absl::StatusOr<std::vector<int>> ParseCpuList(const std::string& list);

// The calling thread, and the threads it starts later, run on these CPUs only. OK without effect where
// threads cannot be pinned, which is everywhere but on Linux. INVALID_ARGUMENT: none of them exists or may be
// used.
absl::Status PinToCpus(std::span<const int> cpus);

}  // namespace bitnet
