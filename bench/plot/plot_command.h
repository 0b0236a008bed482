// Pictures of what other commands have written.
#pragma once

#include "absl/status/status.h"
#include "bench/options.h"

namespace bitnet {

// Reads the JSON files and writes into options.output (a folder, made if need be; the current one if empty)
// the charts that the records suffice for, and prints their names. INVALID_ARGUMENT: they suffice for none.
absl::Status RunPlotCommand(const BenchOptions& options);

}  // namespace bitnet
