// The commands that measure a model in this process.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bench/machine/machine.h"
#include "bench/options.h"
#include "bench/report/record.h"

namespace bitnet {

// decode and batch: a record for each number of threads, batch and context.
absl::StatusOr<std::vector<Record>> RunDecodeCommand(const BenchOptions& options, Machine& machine);
// A record for each number of threads, batch, prompt length and chunk size.
absl::StatusOr<std::vector<Record>> RunPrefillCommand(const BenchOptions& options, Machine& machine);
// Decode and prefill of all candidates; the fastest ones have "best".
absl::StatusOr<std::vector<Record>> RunTuneCommand(const BenchOptions& options, Machine& machine);
absl::StatusOr<std::vector<Record>> RunPerplexityCommand(const BenchOptions& options);
absl::StatusOr<std::vector<Record>> RunMachineCommand(const BenchOptions& options, Machine& machine);

}  // namespace bitnet
