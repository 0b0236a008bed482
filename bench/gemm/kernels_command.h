// Every matrix kernel of every table, on the shapes of a real model.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bench/gemm/gemm_case.h"
#include "bench/machine/machine.h"
#include "bench/options.h"
#include "bench/report/record.h"

namespace bitnet {

// A record for each operation, variant, shape, batch and number of threads. INTERNAL: a variant's result
// differs from the portable one's.
absl::StatusOr<std::vector<Record>> RunKernelsCommand(const BenchOptions& options, Machine& machine);

// Compares the first tiles of `run` with those of `portable`, bit by bit.
absl::Status CheckCase(const GemmCase& gemm, const uint8_t* w);

}  // namespace bitnet
