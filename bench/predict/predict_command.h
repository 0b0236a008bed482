// bitnet-bench predict.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bench/options.h"
#include "bench/report/record.h"

namespace bitnet {

// For the options' chip, or all, and shape: what the GPU and the CPU should reach for each batch and context,
// and for each prompt and chunk size; and what others have reported for the chip, or, where nobody has, for
// any. INVALID_ARGUMENT names what is not known.
absl::StatusOr<std::vector<Record>> RunPredictCommand(const BenchOptions& options);

}  // namespace bitnet
