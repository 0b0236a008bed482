// A running server under concurrent calls.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bench/options.h"
#include "bench/report/record.h"

namespace bitnet {

// Keeps options.concurrent Generate streams open until options.requests have been answered, each with a
// random prompt of its own. A call that fails fails all.
absl::StatusOr<std::vector<Record>> RunServeCommand(const BenchOptions& options);

}  // namespace bitnet
